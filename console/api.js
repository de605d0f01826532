// Talks to the API that served this page, with the key that its user entered. The key is kept for this tab alone.

const KEY = "pusher.key";
let key = sessionStorage.getItem(KEY);
let access = null; // what the key may do
const enders = new Set();

/** What went wrong, in the API's words where it has some. */
class Problem extends Error {
  constructor(status, document, retryAfter) {
    super(document.detail || document.title || `The node answered ${status}.`);
    this.status = status;
    this.code = document.code || "";
    this.errors = document.errors || [];
    this.requestId = document.request_id || "";
    this.retryAfter = Number(retryAfter) || 0;
  }
}

const unreachable = () =>
  new Problem(0, { detail: "The node does not answer. Is it running, and can this machine reach it?" });

export const session = {
  get present() {
    return key !== null;
  },
  get access() {
    return access;
  },
  /** What the key may do, by a scope or several of which one is enough. */
  may(...scopes) {
    return access !== null && scopes.some((each) => access.scopes.includes(each));
  },
  /** Uses a key from now on; fails, and keeps none, when it is not good. */
  async begin(candidate) {
    const made = await request("GET", "/v1/access", { as: candidate });
    key = candidate;
    access = made;
    sessionStorage.setItem(KEY, key);
  },
  /** Goes on with the key of this tab. */
  async resume() {
    access = await request("GET", "/v1/access", {});
  },
  /** Forgets the key; `why` is shown to its user. */
  end(why) {
    key = null;
    access = null;
    sessionStorage.removeItem(KEY);
    for (const each of enders) each(why);
  },
  onEnd(told) {
    enders.add(told);
  },
};

async function problemOf(answer) {
  const text = await answer.text();
  let document = {};
  try {
    document = JSON.parse(text);
  } catch {
    document = { detail: `The node answered ${answer.status} and nothing that can be read.` };
  }
  return new Problem(answer.status, document, answer.headers.get("Retry-After"));
}

async function send(method, path, { body, headers, signal, as }) {
  const using = as === undefined ? key : as;
  const sent = { Authorization: `Bearer ${using}`, ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw fault instanceof TypeError && /header|ISO-8859|ByteString/i.test(fault.message)
      ? new Problem(401, { detail: "This is no API key: it has characters that no key has." })
      : unreachable();
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  // What was asked with a key that has gone meanwhile says nothing about the present one.
  if (answer.status === 401 && as === undefined && using === key) session.end(problem.message);
  throw problem;
}

async function request(method, path, options) {
  const answer = await send(method, path, options);
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw unreachable();
  }
}

export const get = (path, signal) => request("GET", path, { signal });
export const post = (path, body, options = {}) => request("POST", path, { body, ...options });
export const patch = (path, body, options = {}) => request("PATCH", path, { body, ...options });
export const remove = (path) => request("DELETE", path, {});

/** A path with its query: address("/v1/devices", {limit: 20}). Empty values are left out. */
export function address(path, query) {
  const given = Object.entries(query || {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

const pause = (milliseconds, signal) =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

/** Reads server-sent events from a body; calls `told` with each. */
async function readEvents(body, told) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { type: "message", id: "", data: "" };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const [, name, text] = /^([a-z]*):? ?(.*)$/.exec(line.replace(/\r$/, "")) || [];
      if (line === "" || line === "\r") {
        if (event.data) told(event);
        event = { type: "message", id: event.id, data: "" };
      } else if (name === "event") event.type = text;
      else if (name === "id") event.id = text;
      else if (name === "data") event.data += text;
    }
  }
}

/**
 * Follows a notification until it is settled or `signal` ends it, across every break of the connection. EventSource
 * cannot carry a key, so the stream is read from fetch. `told({counts, state, settled, …})`; `broken(problem or null)`
 * says whether the stream is down for the moment.
 */
export async function follow(id, signal, told, broken = () => {}) {
  let last = "";
  for (let failures = 0; !signal.aborted;) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await send("GET", `/v1/notifications/${encodeURIComponent(id)}/progress`, { headers, signal });
      if (answer.status === 204) return;
      let settled = false;
      broken(null);
      await readEvents(answer.body, (event) => {
        failures = 0;
        last = event.id || last;
        settled = settled || event.type === "settled";
        told(JSON.parse(event.data));
      });
      if (settled) return;
    } catch (fault) {
      if (signal.aborted || fault.status === 401 || fault.status === 403 || fault.status === 404) return;
      broken(fault instanceof Problem ? fault : unreachable());
    }
    failures += 1;
    await pause(Math.min(10000, 1000 * 2 ** Math.min(failures - 1, 4)), signal);
  }
}

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

const PATIENCE_MS = 30000; // for an answer
const SILENCE_MS = 40000; // of a stream, on which the node says every 15 seconds that it is there

const late = () => new Problem(0, { detail: "The node did not answer in time; ask again." });
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
  let document = {};
  try {
    document = await answer.json();
  } catch {
    document = { detail: `The node answered ${answer.status} and nothing that can be read.` };
  }
  return new Problem(answer.status, document, answer.headers.get("Retry-After"));
}

/** What a failed fetch means; an end that its user wanted stays what it is. */
function problemIn(fault) {
  if (fault.name === "AbortError" || fault instanceof Problem) return fault;
  if (fault.name === "TimeoutError") return late();
  const odd = fault instanceof TypeError && /header|ISO-8859|ByteString/i.test(fault.message);
  return odd ? new Problem(401, { detail: "This is no API key: it has characters that no key has." }) : unreachable();
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
    throw problemIn(fault);
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  // What was asked with a key that has gone meanwhile says nothing about the present one.
  if (answer.status === 401 && as === undefined && using === key) session.end(problem.message);
  throw problem;
}

async function request(method, path, options) {
  const ends = [AbortSignal.timeout(PATIENCE_MS), ...(options.signal ? [options.signal] : [])];
  const answer = await send(method, path, { ...options, signal: AbortSignal.any(ends) });
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch (fault) {
    throw problemIn(fault);
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

/** Reads server-sent events from a body; calls `told` with each, and `heard` whenever something comes. */
async function readEvents(body, told, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { type: "message", id: "", data: "" };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const [, name, text] = /^([a-z]*):? ?(.*?)\r?$/.exec(line) || [];
      if (line.trim() === "") {
        if (event.data) told(event);
        event = { type: "message", id: event.id, data: "" };
      } else if (name === "event") event.type = text;
      else if (name === "id") event.id = text;
      else if (name === "data") event.data += text;
    }
  }
}

/** One connection of a stream, until it ends or is silent for too long. Gives whether there is no more to come. */
async function followOnce(id, last, signal, told, begun) {
  const silent = new AbortController();
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(late()), SILENCE_MS);
  };
  heard();
  try {
    const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
    const ends = AbortSignal.any([signal, silent.signal]);
    const answer = await send("GET", `/v1/notifications/${encodeURIComponent(id)}/progress`, { headers, signal: ends });
    if (answer.status === 204) return true;
    begun();
    let settled = false;
    const take = (event) => {
      settled = settled || event.type === "settled";
      told(event);
    };
    await readEvents(answer.body, take, heard);
    return settled;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Follows a notification until it is settled or `signal` ends it, across every break of the connection. EventSource
 * cannot carry a key, so the stream is read from fetch. `told({counts, state, settled, …})`; `broken(problem or null)`
 * says whether the stream is down for the moment.
 */
export async function follow(id, signal, told, broken = () => {}) {
  let last = "";
  let failures = 0;
  const take = (event) => {
    failures = 0;
    last = event.id || last;
    told(JSON.parse(event.data));
  };
  while (!signal.aborted) {
    try {
      if (await followOnce(id, last, signal, take, () => broken(null))) return;
    } catch (fault) {
      if (signal.aborted || [401, 403, 404].includes(fault.status)) return;
      broken(problemIn(fault));
    }
    failures += 1;
    await pause(Math.min(10000, 1000 * 2 ** Math.min(failures - 1, 4)), signal);
  }
}

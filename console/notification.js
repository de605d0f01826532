// One notification's story: how it stands, how fast it goes, what became of it and why, and on which devices.
import { address, follow, get, post, remove, session } from "./api.js";
import { h, show } from "./dom.js";
import { ago, count, duration, exact, GATEWAYS, isLive, nameOf, OUTCOMES, rate, share } from "./format.js";
import { badge, button, confirmed, devicesText, empty, every, failure, figure, gatewayBadge, linkButton, loading, outcomeBar, outcomeLegend, pages, say, table, time } from "./ui.js";
import { outcomePlot, overTime } from "./plot.js";

const OUTCOMES_MS = 2500; // between two looks at the sums while it moves
const SPEED_MS = 5000; // over which the speed is measured

const path = (id, rest = "") => `/v1/notifications/${encodeURIComponent(id)}${rest}`;

// -- what may be done --

const STEPS = {
  launch: { from: ["draft", "scheduled"], text: "Launch now", kind: "primary", picture: "send", ask: "Launch it now?", yes: "Launch" },
  pause: { from: ["launched", "sending"], text: "Pause", picture: "pause" },
  resume: { from: ["paused"], text: "Resume", kind: "primary", picture: "play" },
  cancel: { from: ["scheduled", "launched", "sending", "paused"], text: "Cancel", kind: "danger", picture: "stop", ask: "Cancel it for good?", yes: "Cancel it", danger: true },
};

function warning(step, of) {
  if (step === "cancel") return h("p", null, "Nothing more of it leaves. What is in flight still arrives. This cannot be taken back.");
  return h("p", null, `“${nameOf(of)}” goes to everybody who is in its audience at this moment. A push that has left cannot be taken back.`);
}

function actions(of, changed) {
  if (!session.may("send")) return null;
  const made = Object.entries(STEPS).filter(([, step]) => step.from.includes(of.state)).map(([name, step]) =>
    button(step.text, async () => {
      if (step.ask && !(await confirmed(step.ask, warning(name, of), step.yes, step.danger ? "danger" : "primary"))) return;
      const headers = name === "launch" ? { "Idempotency-Key": `console-${of.id}` } : {};
      changed(await post(path(of.id, `:${name}`), undefined, { headers }));
      say({ launch: "It is on its way.", pause: "It is held.", resume: "It goes on.", cancel: "It is canceled." }[name]);
    }, { kind: step.kind, picture: step.picture }),
  );
  if (["draft", "scheduled"].includes(of.state)) made.push(linkButton("Edit", `#/compose/${encodeURIComponent(of.id)}`, { picture: "compose" }));
  if (of.state === "draft" || of.settled)
    made.push(
      button("Delete", async () => {
        if (!(await confirmed("Delete it?", h("p", null, "It is removed with all its deliveries. This cannot be taken back."), "Delete"))) return;
        await remove(path(of.id));
        say("It is deleted.");
        location.hash = "#/notifications";
      }, { kind: "quiet" }),
    );
  return h("div", { class: "row" }, made);
}

// -- how it stands --

/** Devices settled a second, over the last seconds in which something was seen. */
class Speed {
  constructor() {
    this.seen = [];
  }
  take(counts) {
    const settled = counts.audience - counts.pending;
    this.seen.push([Date.now(), settled]);
    while (this.seen.length > 2 && this.seen[1][0] < Date.now() - SPEED_MS) this.seen.shift();
  }
  get perSecond() {
    const [first, last] = [this.seen[0], this.seen[this.seen.length - 1]];
    return !last || last[0] - first[0] < 300 ? null : (1000 * (last[1] - first[1])) / (last[0] - first[0]);
  }
}

function pace(of, speed) {
  const { counts } = of;
  if (of.completed_at && of.launched_at) {
    const took = new Date(of.completed_at) - new Date(of.launched_at);
    return [figure("Took", duration(took)), figure("On average", took > 0 ? `${rate((1000 * counts.audience) / took)}/s` : "–")];
  }
  const now = isLive(of) && of.state !== "paused" ? speed.perSecond : null;
  const left = now > 0 && counts.pending > now ? `about ${duration((1000 * counts.pending) / now)} left` : "";
  return [figure("Under way for", of.launched_at ? duration(Date.now() - new Date(of.launched_at)) : "–"), figure("Speed", now === null ? "–" : `${rate(now)}/s`, left)];
}

function standing(of, speed) {
  const { counts } = of;
  if (["draft", "scheduled"].includes(of.state))
    return h("p", { class: "muted" }, of.state === "draft" ? "A draft: nothing is sent until it is launched." : ["It will be launched ", of.scheduled_at ? [h("time", { datetime: of.scheduled_at }, exact(of.scheduled_at)), ` (${ago(of.scheduled_at)}).`] : `when clocks show ${of.local_time}.`]);
  return [
    h(
      "dl",
      { class: "figures" },
      figure("Audience", count(counts.audience), of.fan_out_done ? "" : "still being read"),
      figure("Accepted", count(counts.accepted), share(counts.accepted, counts.audience)),
      figure("Pending", count(counts.pending), share(counts.pending, counts.audience)),
      pace(of, speed),
      counts.received + counts.opened > 0 && figure("Opened", count(counts.opened), `${count(counts.received)} received`),
    ),
    outcomeBar(counts),
    outcomeLegend(counts),
    of.reason && h("p", { class: "notice" }, of.reason),
  ];
}

// -- why --

function reasons(outcomes, meanings, look) {
  if (outcomes.reasons.length === 0) return h("p", { class: "muted" }, "No outcome is recorded yet.");
  const meaning = (each) => meanings.get(`${each.gateway} ${each.code}`) || (each.code ? "" : OUTCOMES[each.outcome]);
  return [
    table(
      "Outcomes by gateway and reason",
      [
        { title: "Outcome", cell: (each) => badge(each.outcome) },
        { title: "Gateway", cell: (each) => (each.gateway ? gatewayBadge(each.gateway, GATEWAYS) : h("span", { class: "muted" }, "never left")) },
        { title: "Reason", kind: "wide", cell: (each) => h("div", null, each.code && h("code", null, each.code), h("div", { class: "muted small" }, meaning(each))) },
        { title: "Devices", kind: "number", cell: (each) => count(each.count) },
        { title: "Share", kind: "number", cell: (each) => share(each.count, outcomes.looked_at) },
        { title: "", cell: (each) => button("Show them", () => look(each), { kind: "quiet small", label: `Show the devices: ${each.outcome} ${each.code || ""}` }) },
      ],
      outcomes.reasons,
    ),
    outcomes.other_reasons && h("p", { class: "muted" }, `${devicesText(outcomes.other_reasons)} have other reasons.`),
    !outcomes.complete && h("p", { class: "muted" }, `These are the first ${count(outcomes.looked_at)} devices: an audience this large is not added up whole.`),
  ];
}

async function meaningsOf(signal) {
  const known = new Map();
  for (const { gateway, answers } of (await get("/v1/gateways", signal)).items) for (const each of answers) if (each.code) known.set(`${gateway} ${each.code}`, each.meaning);
  return known;
}

// -- on which devices --

const deliveryColumns = (id, explain) => [
  { title: "Device", cell: (each) => (each.device_id ? h("a", { href: `#/devices/${encodeURIComponent(each.device_id)}` }, each.device_id) : h("span", { class: "muted" }, "deleted since")) },
  { title: "Outcome", cell: (each) => badge(each.outcome) },
  { title: "Gateway", cell: (each) => gatewayBadge(each.gateway, GATEWAYS) },
  { title: "Code", cell: (each) => (each.code ? h("code", null, each.code) : "–") },
  { title: "Attempts", kind: "number", cell: (each) => count(each.attempts) },
  { title: "Settled", cell: (each) => time(each.settled_at) },
  { title: "", cell: (each) => each.device_id && button("Why?", () => explain(each.device_id), { kind: "quiet small", label: `Why did ${each.device_id} get this outcome?` }) },
];

function explained(found) {
  return h(
    "div",
    { class: "notice", tabindex: "-1" },
    h("div", null, h("p", null, h("strong", null, found.device_id), ": ", found.explanation), h("p", { class: "muted small" }, `${found.status}, ${found.reason}`, found.retry && ` · tried ${found.retry.attempts} times, next ${ago(found.retry.due_at)}`, found.received_at && ` · received ${ago(found.received_at)}`, found.opened_at && ` · opened ${ago(found.opened_at)}`), found.unmet && h("pre", { class: "code" }, JSON.stringify(found.unmet.condition, null, 1))),
  );
}

function deliveries(id, signal) {
  const outcome = h("select", null, h("option", { value: "" }, "Every outcome"), Object.keys(OUTCOMES).map((each) => h("option", { value: each }, each)));
  const gateway = h("select", null, h("option", { value: "" }, "Every gateway"), Object.entries(GATEWAYS).map(([each, text]) => h("option", { value: each }, text)));
  const code = h("input", { type: "search", placeholder: "Code", autocomplete: "off", maxlength: 64 });
  const device = h("input", { type: "search", placeholder: "Device id", autocomplete: "off", maxlength: 128 });
  const why = h("div", { "aria-live": "polite" });
  const explain = async (which) => {
    try {
      show(why, explained(await get(path(id, `/deliveries/${encodeURIComponent(which)}`), signal)));
      why.firstChild.focus();
    } catch (fault) {
      show(why, failure(fault));
    }
  };
  const list = pages(
    signal,
    (cursor) => get(address(path(id, "/deliveries"), { outcome: outcome.value, gateway: gateway.value, code: code.value.trim(), device_id: device.value.trim(), limit: 20, cursor }), signal),
    (items) => table("Deliveries", deliveryColumns(id, explain), items),
    () => (device.value.trim() ? empty("No delivery to this device", "It has no outcome, or is not in the audience.", button("Why not?", () => explain(device.value.trim()), { kind: "primary" })) : empty("No deliveries", "Each device whose push has its outcome is listed here.")),
    "Loading deliveries",
  );
  for (const each of [outcome, gateway, code, device]) each.addEventListener("change", () => (show(why), list.begin()));
  const named = (name, input) => h("label", null, h("span", { class: "unseen" }, name), input);
  const node = h("section", { class: "card", "aria-labelledby": "deliveries" }, h("h2", { id: "deliveries", tabindex: "-1" }, "Deliveries"), h("form", { class: "row filters", onsubmit: (event) => event.preventDefault() }, named("Outcome", outcome), named("Gateway", gateway), named("Code", code), named("Device id", device)), why, list.node);
  const look = (at) => {
    [outcome.value, gateway.value, code.value, device.value] = [at.outcome, at.gateway || "", at.code || "", ""];
    list.begin();
    node.querySelector("h2").focus();
  };
  return { node, look, begin: list.begin };
}

// -- what it says --

function facts(of) {
  const rows = [
    ["Id", h("code", null, of.id)],
    ["External id", of.external_id && h("code", null, of.external_id)],
    ["Lane", of.lane],
    ["Time-to-live", duration(of.ttl_seconds * 1000)],
    ["At most", of.rate_per_second ? `${count(of.rate_per_second)} a second` : null],
    ["Duplicates", of.duplicates],
    ["Created", exact(of.created_at)],
    ["Launched", of.launched_at && exact(of.launched_at)],
    ["Completed", of.completed_at && exact(of.completed_at)],
    ["Canceled", of.canceled_at && exact(of.canceled_at)],
    ["Next wave", of.next_wave_at && exact(of.next_wave_at)],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

function said(of) {
  const { title, body, ...others } = of.content;
  const more = Object.keys(others).length > 0 ? others : null;
  return h(
    "section",
    { class: "card", "aria-labelledby": "said-title" },
    h("h2", { id: "said-title" }, "What it says, and to whom"),
    h("div", { class: "bubble" }, title && h("strong", null, title), body && h("p", null, body)),
    more && h("details", null, h("summary", null, "The rest of the content"), h("pre", { class: "code" }, JSON.stringify(more, null, 2))),
    h("h3", null, "Audience"),
    of.audience.all ? h("p", null, "Every device of the application") : h("pre", { class: "code" }, JSON.stringify(of.audience, null, 2)),
    facts(of),
  );
}

// -- the whole --

export function notification({ main, names: [id], signal }) {
  const head = h("div", { class: "row between head" });
  const broken = h("div", { class: "notice", hidden: true });
  const stands = h("section", { class: "card", "aria-label": "How it stands" }, loading());
  const plot = outcomePlot("Outcomes over time, devices a second", signal);
  const time = h("section", { class: "card", "aria-labelledby": "over-time", hidden: true }, h("h2", { id: "over-time" }, "Over time"), plot.node);
  const why = h("div", null, loading("Adding up"));
  const whySection = h("section", { class: "card", "aria-labelledby": "why", hidden: true }, h("h2", { id: "why" }, "Outcomes by gateway and reason"), why);
  const each = deliveries(id, signal);
  const content = h("div");
  const speed = new Speed();
  let meanings = new Map();
  let of = null;
  let follows = false;
  let added = false; // whether the sums have something to show
  let adding = false;
  let again = false; // something has changed while they were added up

  const draw = () => {
    document.title = `${nameOf(of)} – Pusher`;
    const had = head.contains(document.activeElement);
    if (head.dataset.drawn !== of.state + of.settled) {
      head.dataset.drawn = of.state + of.settled;
      show(head, h("div", null, h("p", { class: "crumb" }, h("a", { href: "#/notifications" }, "Notifications")), h("h1", { tabindex: "-1" }, nameOf(of), " ", badge(of.state))), actions(of, changed));
      if (had) head.querySelector("h1").focus({ preventScroll: true });
    }
    show(stands, standing(of, speed));
    const begun = !["draft", "scheduled"].includes(of.state);
    whySection.hidden = each.node.hidden = !begun;
    time.hidden = !added;
  };
  const addUp = async () => {
    if (["draft", "scheduled"].includes(of.state)) return;
    if (adding) {
      again = true;
      return;
    }
    adding = true;
    try {
      const outcomes = await get(path(id, "/outcomes"), signal);
      added = outcomes.steps.length > 0;
      time.hidden = !added;
      if (added) plot.update(overTime(outcomes));
      show(why, reasons(outcomes, meanings, each.look));
    } catch (fault) {
      // Sums that are there already stay until there are newer ones.
      if (!signal.aborted && !(added && fault.status !== 404)) show(why, failure(fault, addUp));
    } finally {
      adding = false;
    }
    if (again && !signal.aborted) {
      again = false;
      addUp();
    }
  };
  const settled = async () => {
    of = { ...of, ...(await get(path(id), signal)) };
    draw();
    await addUp();
    each.begin();
  };
  const keepUp = () => {
    if (follows || !isLive(of)) return;
    follows = true;
    const lost = (problem) => {
      broken.hidden = !problem;
      show(broken, problem && `Not live: ${problem.message} Trying again…`);
    };
    const moved = (news) => {
      of = { ...of, ...news };
      speed.take(of.counts);
      draw();
      if (!added && of.counts.pending < of.counts.audience) addUp();
    };
    follow(id, signal, moved, lost)
      .then(() => (follows = false))
      .then(() => signal.aborted || settled())
      .catch(() => {});
  };
  const changed = (now) => {
    of = { ...of, ...now };
    draw();
    show(content, said(of));
    keepUp();
    addUp();
  };
  const begin = async () => {
    try {
      [of, meanings] = await Promise.all([get(path(id), signal), meaningsOf(signal).catch(() => new Map())]);
    } catch (fault) {
      if (!signal.aborted) show(main, h("h1", null, "Notification"), failure(fault, begin), h("p", null, h("a", { href: "#/notifications" }, "All notifications")));
      return;
    }
    show(main, head, broken, stands, time, whySection, content, each.node);
    changed(of);
    if (document.activeElement === document.body) head.querySelector("h1").focus({ preventScroll: true });
  };
  show(main, h("h1", null, "Notification"), loading("Loading the notification"));
  begin();
  every(OUTCOMES_MS, signal, () => of && isLive(of) && of.state !== "paused" && addUp());
  every(1000, signal, () => of && isLive(of) && draw());
}

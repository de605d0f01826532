// One notification's story: how it stands, how fast it goes, what became of it and why, and on which devices.
import { follow, get, post, remove, session } from "./api.js";
import { h, show } from "./dom.js";
import { ago, count, duration, exact, GATEWAYS, isLive, nameOf, OUTCOMES, rate, share } from "./format.js";
import {
  badge,
  button,
  confirmed,
  devicesText,
  every,
  failure,
  figure,
  gatewayBadge,
  linkButton,
  loading,
  outcomeBar,
  outcomeLegend,
  redraw,
  say,
  table,
  time,
} from "./ui.js";
import { deliveries } from "./deliveries.js";
import { OutcomePlot, overTime } from "./plot.js";

const OUTCOMES_MS = 2500; // between two looks at the sums while it moves
const SUMS_SHARE = 20; // adding up takes one part in so many of the time: a large audience is looked at less often
const SPEED_MS = 5000; // over which the speed is measured

const path = (id, rest = "") => `/v1/notifications/${encodeURIComponent(id)}${rest}`;

// -- what may be done --

const STEPS = {
  launch: {
    from: ["draft", "scheduled"],
    text: "Launch now",
    kind: "primary",
    picture: "send",
    ask: "Launch it now?",
    yes: "Launch",
  },
  pause: { from: ["launched", "sending"], text: "Pause", picture: "pause" },
  resume: { from: ["paused"], text: "Resume", kind: "primary", picture: "play" },
  cancel: {
    from: ["scheduled", "launched", "sending", "paused"],
    text: "Cancel",
    kind: "danger",
    picture: "stop",
    ask: "Cancel it for good?",
    yes: "Cancel it",
    danger: true,
  },
};

function warning(step, of) {
  if (step === "cancel")
    return h("p", null, "Nothing more of it leaves. What is in flight still arrives. This cannot be taken back.");
  return h(
    "p",
    null,
    `“${nameOf(of)}” goes to everybody who is in its audience at this moment. A push that has left cannot be taken back.`,
  );
}

function actions(of, changed) {
  if (!session.may("send")) return null;
  const made = Object.entries(STEPS)
    .filter(([, step]) => step.from.includes(of.state))
    .map(([name, step]) =>
      button(
        step.text,
        async () => {
          if (step.ask && !(await confirmed(step.ask, warning(name, of), step.yes, step.danger ? "danger" : "primary")))
            return;
          const headers = name === "launch" ? { "Idempotency-Key": `console-${of.id}` } : {};
          changed(await post(path(of.id, `:${name}`), undefined, { headers }));
          say(
            { launch: "It is on its way.", pause: "It is held.", resume: "It goes on.", cancel: "It is canceled." }[
              name
            ],
          );
        },
        { kind: step.kind, picture: step.picture },
      ),
    );
  if (["draft", "scheduled"].includes(of.state))
    made.push(linkButton("Edit", `#/compose/${encodeURIComponent(of.id)}`, { picture: "compose" }));
  if (of.state === "draft" || of.settled)
    made.push(
      button(
        "Delete",
        async () => {
          if (
            !(await confirmed(
              "Delete it?",
              h("p", null, "It is removed with all its deliveries. This cannot be taken back."),
              "Delete",
            ))
          )
            return;
          await remove(path(of.id));
          say("It is deleted.");
          location.hash = "#/notifications";
        },
        { kind: "quiet" },
      ),
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
    return [
      figure("Took", duration(took)),
      figure("On average", took > 0 ? `${rate((1000 * counts.audience) / took)}/s` : "–"),
    ];
  }
  const now = isLive(of) && of.state !== "paused" ? speed.perSecond : null;
  const left =
    of.fan_out_done && now > 0 && counts.pending > now ? `about ${duration((1000 * counts.pending) / now)} left` : "";
  return [
    figure("Under way for", of.launched_at ? duration(Date.now() - new Date(of.launched_at)) : "–"),
    figure("Speed", now === null ? "–" : `${rate(now)}/s`, left),
  ];
}

function standing(of, speed) {
  const { counts } = of;
  if (["draft", "scheduled"].includes(of.state))
    return h(
      "p",
      { class: "muted" },
      of.state === "draft"
        ? "A draft: nothing is sent until it is launched."
        : [
            "It will be launched ",
            of.scheduled_at
              ? [h("time", { datetime: of.scheduled_at }, exact(of.scheduled_at)), ` (${ago(of.scheduled_at)}).`]
              : `when clocks show ${of.local_time}.`,
          ],
    );
  return [
    h(
      "dl",
      { class: "figures" },
      figure("Audience", count(counts.audience), of.fan_out_done ? "" : "still being read"),
      figure("Accepted", count(counts.accepted), share(counts.accepted, counts.audience)),
      figure("Pending", count(counts.pending), share(counts.pending, counts.audience)),
      pace(of, speed),
      counts.received + counts.opened > 0 &&
        figure("Opened", count(counts.opened), `${count(counts.received)} received`),
    ),
    outcomeBar(counts),
    outcomeLegend(counts),
    of.reason && h("p", { class: "notice" }, of.reason),
  ];
}

// -- why --

function reasons(outcomes, meanings, look) {
  if (outcomes.reasons.length === 0) return h("p", { class: "muted" }, "No outcome is recorded yet.");
  const meaning = (each) => meanings(each) || (each.code ? "" : OUTCOMES[each.outcome]);
  return [
    table(
      "Outcomes by gateway and reason",
      [
        { title: "Outcome", cell: (each) => badge(each.outcome) },
        {
          title: "Gateway",
          cell: (each) =>
            each.gateway ? gatewayBadge(each.gateway, GATEWAYS) : h("span", { class: "muted" }, "never left"),
        },
        {
          title: "Reason",
          kind: "wide",
          cell: (each) =>
            h("div", null, each.code && h("code", null, each.code), h("div", { class: "muted small" }, meaning(each))),
        },
        { title: "Devices", kind: "number", cell: (each) => count(each.count) },
        { title: "Share", kind: "number", cell: (each) => share(each.count, outcomes.looked_at) },
        {
          title: "",
          cell: (each) =>
            button("Show them", () => look(each), {
              kind: "quiet small",
              label: `Show the devices: ${each.outcome} ${each.code || ""}`,
            }),
        },
      ],
      outcomes.reasons,
    ),
    outcomes.other_reasons && h("p", { class: "muted" }, `${devicesText(outcomes.other_reasons)} have other reasons.`),
    !outcomes.complete &&
      h(
        "p",
        { class: "muted" },
        `These are the first ${count(outcomes.looked_at)} devices: an audience this large is not added up whole.`,
      ),
  ];
}

/** Whether an answer that is understood so gives a delivery this outcome. */
function leadsTo(action, outcome) {
  if (outcome === "unregistered") return action === "dead_token" || action === "switch_environment";
  if (outcome === "rejected") return action.startsWith("refused") || action === "refresh_credential";
  if (outcome === "unknown") return action === "unknown";
  return action.startsWith("retry");
}

/** What the gateways' tables say of an outcome with its code: of several rows the one that leads to it, and best the one
 * without more; where no row names the code, the only one for whatever else leads to it. */
async function meaningsOf(signal) {
  const { items } = await get("/v1/gateways", signal);
  return ({ gateway, code, outcome }) => {
    const rows = items
      .filter((each) => each.gateway === gateway)
      .flatMap((each) => each.answers)
      .filter((each) => leadsTo(each.action, outcome));
    const named = rows.filter((each) => code && each.code === code);
    const others = rows.filter((each) => code && !each.code && !each.detail);
    const found = named.find((each) => !each.detail) || named[0] || (others.length === 1 ? others[0] : null);
    return found?.meaning;
  };
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
  return h(
    "dl",
    { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

function said(of) {
  const { title, body, ...others } = of.content;
  const more = Object.keys(others).length > 0 ? others : null;
  return h(
    "section",
    { class: "card", "aria-labelledby": "said-title" },
    h("h2", { id: "said-title" }, "What it says, and to whom"),
    h("div", { class: "bubble" }, title && h("strong", null, title), body && h("p", null, body)),
    more &&
      h(
        "details",
        null,
        h("summary", null, "The rest of the content"),
        h("pre", { class: "code" }, JSON.stringify(more, null, 2)),
      ),
    h("h3", null, "Audience"),
    of.audience.all
      ? h("p", null, "Every device of the application")
      : h("pre", { class: "code" }, JSON.stringify(of.audience, null, 2)),
    facts(of),
  );
}

// -- the whole --

const isUnsent = (of) => ["draft", "scheduled"].includes(of.state);

class Story {
  constructor({ main, names: [id], signal }) {
    Object.assign(this, { main, id, signal });
    this.of = null;
    this.meanings = () => undefined;
    this.speed = new Speed();
    this.follows = false;
    this.added = false; // whether the sums have something to show
    this.adding = false;
    this.again = false; // something has changed while they were added up
    this.restsUntil = 0; // when they are added up again
    this.head = h("div", { class: "row between head" });
    this.broken = h("div", { class: "notice", hidden: true });
    this.stands = h("section", { class: "card", "aria-label": "How it stands" }, loading());
    this.plot = new OutcomePlot("Outcomes over time, devices a second", signal);
    this.time = this.section("over-time", "Over time", this.plot.node);
    this.why = h("div", null, loading("Adding up"));
    this.whySection = this.section("why", "Outcomes by gateway and reason", this.why);
    this.content = h("div");
    this.deliveries = deliveries(id, signal);
    const moves = () => this.of && isLive(this.of) && this.of.state !== "paused";
    every(OUTCOMES_MS, signal, () => moves() && performance.now() > this.restsUntil && this.addUp());
    every(1000, signal, () => this.of && isLive(this.of) && this.draw());
  }

  section(id, title, inner) {
    return h("section", { class: "card", "aria-labelledby": id, hidden: true }, h("h2", { id }, title), inner);
  }

  async begin() {
    show(this.main, h("h1", null, "Notification"), loading("Loading the notification"));
    try {
      const asked = [get(path(this.id), this.signal), meaningsOf(this.signal).catch(() => () => undefined)];
      [this.of, this.meanings] = await Promise.all(asked);
    } catch (fault) {
      const back = h("p", null, h("a", { href: "#/notifications" }, "All notifications"));
      if (!this.signal.aborted)
        show(
          this.main,
          h("h1", null, "Notification"),
          failure(fault, () => this.begin()),
          back,
        );
      return;
    }
    show(
      this.main,
      this.head,
      this.broken,
      this.stands,
      this.time,
      this.whySection,
      this.content,
      this.deliveries.node,
    );
    this.changed(this.of);
    if (document.activeElement === document.body) this.head.querySelector("h1").focus({ preventScroll: true });
  }

  changed(now) {
    this.of = { ...this.of, ...now };
    this.draw();
    show(this.content, said(this.of));
    this.keepUp();
    this.addUp();
  }

  drawHead() {
    const { of, head } = this;
    const drawn = of.state + of.settled;
    if (head.dataset.drawn === drawn) return;
    head.dataset.drawn = drawn;
    const had = head.contains(document.activeElement);
    const crumb = h("p", { class: "crumb" }, h("a", { href: "#/notifications" }, "Notifications"));
    const title = h("h1", { tabindex: "-1" }, nameOf(of), " ", badge(of.state));
    show(
      head,
      h("div", null, crumb, title),
      actions(of, (now) => this.changed(now)),
    );
    if (had) title.focus({ preventScroll: true });
  }

  draw() {
    document.title = `${nameOf(this.of)} – Pusher`;
    this.drawHead();
    show(this.stands, standing(this.of, this.speed));
    this.whySection.hidden = this.deliveries.node.hidden = isUnsent(this.of);
    this.time.hidden = !this.added;
  }

  /** One at a time; what changes meanwhile is added up after it. */
  async addUp() {
    if (isUnsent(this.of)) return;
    this.again = this.adding;
    if (this.adding) return;
    this.adding = true;
    const began = performance.now();
    try {
      const outcomes = await get(path(this.id, "/outcomes"), this.signal);
      this.added = outcomes.steps.length > 0;
      this.time.hidden = !this.added;
      if (this.added) this.plot.update(overTime(outcomes));
      redraw(this.why, reasons(outcomes, this.meanings, this.deliveries.look));
    } catch (fault) {
      // Sums that are there already stay until there are newer ones.
      if (!this.signal.aborted && !this.added)
        show(
          this.why,
          failure(fault, () => this.addUp()),
        );
    } finally {
      this.adding = false;
      this.restsUntil = began + SUMS_SHARE * (performance.now() - began);
    }
    if (this.again && !this.signal.aborted) await this.addUp();
  }

  moved(news) {
    this.of = { ...this.of, ...news };
    this.speed.take(this.of.counts);
    this.draw();
    if (!this.added && this.of.counts.pending < this.of.counts.audience) this.addUp();
  }

  lost(problem) {
    this.broken.hidden = !problem;
    show(this.broken, problem && `Not live: ${problem.message} Trying again…`);
  }

  async keepUp() {
    if (this.follows || !isLive(this.of)) return;
    this.follows = true;
    await follow(
      this.id,
      this.signal,
      (news) => this.moved(news),
      (problem) => this.lost(problem),
    );
    this.follows = false;
    if (!this.signal.aborted) await this.settled();
  }

  async settled() {
    try {
      this.of = { ...this.of, ...(await get(path(this.id), this.signal)) };
    } catch (fault) {
      this.lost(fault);
      return;
    }
    this.draw();
    show(this.content, said(this.of));
    await this.addUp();
    this.deliveries.begin();
  }
}

export const notification = (place) => new Story(place).begin();

// All notifications, the newest first; those under way move as they are sent.
import { address, follow, get, session } from "./api.js";
import { attention } from "./attention.js";
import { h, show } from "./dom.js";
import { count, isLive, nameOf, OUTCOMES, rate, STATES } from "./format.js";
import { badge, button, empty, every, linkButton, outcomeBar, pages, table, time } from "./ui.js";
import { OutcomePlot } from "./plot.js";

const FOLLOWED = 3; // connections of a browser to one node are few
const LOOK_MS = 4000;
const SECONDS = 120; // that the plot shows

/** What came in each of the last seconds, of all notifications that move. */
class Pulse {
  constructor(signal) {
    this.plot = new OutcomePlot("Outcomes a second, over the last two minutes", signal);
    this.seconds = new Map(); // second -> {outcome: devices}
    this.known = new Map(); // notification -> its counts when they were seen last, and when that was
    this.node = h(
      "section",
      { class: "card", "aria-labelledby": "pulse", hidden: true },
      h("div", { class: "row between" }, h("h2", { id: "pulse" }, "Now"), (this.speed = h("p", { class: "speed" }))),
      this.plot.node,
    );
  }

  /** Spreads what is new evenly over the time in which it came: since it was seen last, or launched. */
  take(of) {
    const { id, counts } = of;
    const now = of.completed_at ? Math.min(Date.now(), new Date(of.completed_at)) / 1000 : Date.now() / 1000;
    const before = this.known.get(id) || { counts: {}, at: of.launched_at ? new Date(of.launched_at) / 1000 : 0 };
    this.known.set(id, { counts, at: now });
    const from = Math.min(before.at, now);
    if (now - from > SECONDS) return;
    for (const name of Object.keys(OUTCOMES)) {
      const fresh = counts[name] - (before.counts[name] || 0);
      if (fresh <= 0) continue;
      for (let second = Math.floor(from); second <= Math.floor(now); second += 1) {
        const length = Math.min(second + 1, now) - Math.max(second, from);
        const share = now > from ? length / (now - from) : second === Math.floor(now) ? 1 : 0;
        const at = this.seconds.get(second) || {};
        at[name] = (at[name] || 0) + fresh * share;
        this.seconds.set(second, at);
      }
    }
  }

  draw() {
    const last = Math.floor(Date.now() / 1000) - 1; // the present second is not full
    for (const second of this.seconds.keys()) if (second < last - SECONDS) this.seconds.delete(second);
    const seen = [...this.seconds.values()];
    const names = Object.keys(OUTCOMES).filter((name) => seen.some((each) => each[name] > 0));
    this.node.hidden = names.length === 0;
    if (names.length === 0) return;
    const times = Array.from({ length: SECONDS + 1 }, (_, i) => last - SECONDS + i);
    const series = names.map((name) => ({
      name,
      values: times.map((second) => this.seconds.get(second)?.[name] || 0),
    }));
    this.plot.update({ times, step: 1, series });
    const of = (second) => series.reduce((sum, each) => sum + each.values[second], 0);
    show(this.speed, h("strong", null, rate((of(SECONDS) + of(SECONDS - 1)) / 2)), " devices a second");
  }
}

const columns = (bars) => [
  {
    title: "Notification",
    cell: (each) => h("a", { class: "strong", href: `#/notifications/${encodeURIComponent(each.id)}` }, nameOf(each)),
  },
  { title: "State", cell: (each) => bars.get(each.id).state },
  { title: "Outcomes", kind: "wide", cell: (each) => bars.get(each.id).bar },
  { title: "Devices", kind: "number", cell: (each) => bars.get(each.id).audience },
  { title: "Created", cell: (each) => time(each.created_at) },
];

/** The moving parts of one row. */
class Row {
  constructor(of) {
    this.state = h("span");
    this.bar = h("div", { class: "bar-room" });
    this.audience = h("span");
    this.take(of);
  }

  take(of) {
    this.of = { ...this.of, ...of };
    const { state, counts, fan_out_done: done } = this.of;
    show(this.state, badge(state));
    show(
      this.bar,
      state === "draft" || state === "scheduled" ? h("span", { class: "muted" }, "–") : outcomeBar(counts),
    );
    show(
      this.audience,
      state === "draft" || state === "scheduled" ? "–" : count(counts.audience),
      isLive(this.of) && !done && h("span", { class: "muted", title: "The audience is still being read" }, "…"),
    );
  }
}

export function notifications({ main, signal }) {
  const rows = new Map();
  const followed = new Map(); // id -> how to stop
  const pulse = new Pulse(signal);
  const state = h(
    "select",
    null,
    h("option", { value: "" }, "Every state"),
    STATES.map((each) => h("option", { value: each }, each)),
  );
  const own = h("input", { type: "search", placeholder: "external_id", autocomplete: "off", maxlength: 128 });

  const moved = (id, news) => {
    const row = rows.get(id);
    if (!row) return;
    row.take(news);
    pulse.take(row.of);
  };
  const followLive = () => {
    const live = [...rows.values()].filter((row) => isLive(row.of)).slice(0, FOLLOWED);
    for (const { of } of live) {
      if (followed.has(of.id)) continue;
      const ends = new AbortController();
      signal.addEventListener("abort", () => ends.abort(), { once: true });
      followed.set(of.id, ends);
      follow(of.id, ends.signal, (news) => moved(of.id, news)).finally(() => followed.delete(of.id));
    }
    for (const [id, ends] of followed) if (!live.some((row) => row.of.id === id)) ends.abort();
  };
  const list = pages(
    signal,
    (cursor) =>
      get(
        address("/v1/notifications", { state: state.value, external_id: own.value.trim(), limit: 50, cursor }),
        signal,
      ),
    (items) => {
      for (const each of items) rows.has(each.id) ? rows.get(each.id).take(each) : rows.set(each.id, new Row(each));
      for (const each of items) pulse.take(each);
      followLive();
      return table("Notifications, the newest first", columns(rows), items);
    },
    () =>
      state.value || own.value.trim()
        ? empty(
            "None like that",
            "No notification fits what you look for.",
            button("Show all", () => ((state.value = ""), (own.value = ""), list.begin())),
          )
        : empty(
            "No notifications yet",
            "Once one is made, here or through the API, it stands here and shows what became of it.",
            session.may("send") && linkButton("Compose one", "#/compose", { kind: "primary", picture: "compose" }),
          ),
    "Loading notifications",
  );
  state.addEventListener("change", list.begin);
  own.addEventListener("change", list.begin);

  // New ones appear, and those that nobody follows go on, without moving what its user has loaded.
  let newest = null;
  every(LOOK_MS, signal, async () => {
    try {
      const page = await get(
        address("/v1/notifications", { state: state.value, external_id: own.value.trim(), limit: 50 }),
        signal,
      );
      const first = page.items[0]?.id || "";
      const fresh = page.items.some((each) => !rows.has(each.id));
      for (const each of page.items) if (rows.has(each.id) && !followed.has(each.id)) moved(each.id, each);
      if (fresh && first !== newest) list.begin(true);
      newest = first;
      followLive();
    } catch {
      // The list stands; the next look tells more.
    }
  });
  every(1000, signal, () => pulse.draw());

  show(
    main,
    h(
      "div",
      { class: "row between head" },
      h("h1", null, "Notifications"),
      session.may("send") && linkButton("Compose", "#/compose", { kind: "primary", picture: "plus" }),
    ),
    attention(signal),
    pulse.node,
    h(
      "section",
      { class: "card" },
      h(
        "form",
        { class: "row filters", onsubmit: (event) => event.preventDefault() },
        h("label", null, h("span", { class: "unseen" }, "State"), state),
        h("label", { class: "grow" }, h("span", { class: "unseen" }, "external_id"), own),
      ),
      list.node,
    ),
  );
}

// Stacked columns over time, of outcomes; with a table for who cannot see them or wants the numbers.
import Plot from "./uplot.js";
import { h, show } from "./dom.js";
import { count, OUTCOMES, rate } from "./format.js";

const HEIGHT = 220;

/** What a colour of the style sheet is now, light or dark: a canvas does not look it up by itself. */
function color(name) {
  const probe = h("span", { style: { color: `var(${name})` } });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Sums from below: series i holds what it and all before it have together. */
function stacked(series, hidden) {
  const sums = new Array(series[0]?.values.length || 0).fill(0);
  return series.map(({ name, values }) => values.map((value, i) => (hidden.has(name) ? null : (sums[i] += value))));
}

const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** A moment, as exactly as the distance to the next one asks for. */
function clock(seconds, step) {
  const at = new Date(seconds * 1000);
  if (step >= 3600) return dayAndTime.format(at);
  const text = at.toLocaleTimeString("en-GB");
  return step < 1
    ? `${text}.${String(at.getMilliseconds())
        .padStart(3, "0")
        .slice(0, (step * 10) % 1 === 0 ? 1 : 2)}`
    : text;
}

function options(width, series, step, tell) {
  const grid = { stroke: color("--line"), width: 1 };
  const axis = { stroke: color("--muted"), font: "12px system-ui, sans-serif", grid, ticks: grid };
  // What lies below is painted later, over what lies above.
  const painted = [...series].reverse();
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high || 0, 1) * 1.08] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot, at, _axis, _room, distance) => at.map((each) => clock(each, distance)),
        space: step >= 3600 ? 120 : 90,
      },
      { ...axis, size: 64, values: (_, all) => all.map(rate) },
    ],
    series: [
      {},
      ...painted.map(({ name }) => ({
        fill: color(`--${name}`),
        stroke: color(`--${name}`),
        width: 0,
        points: { show: false },
        paths: Plot.paths.bars({ size: [0.92, 60], align: 1 }),
      })),
    ],
    hooks: { setCursor: [(made) => tell(made.cursor.idx ?? null)] },
  };
}

/** The names of the series, each a button that hides it, and what they are at the cursor. */
class Legend {
  constructor(changed) {
    this.hidden = new Set();
    this.values = new Map();
    this.when = h("span", { class: "muted" }, "Devices a second");
    this.keys = h("span", { class: "keys", role: "group", "aria-label": "Shown outcomes" });
    this.node = h("div", { class: "readout" }, this.when, this.keys);
    this.changed = changed;
  }

  /** Made anew for other names alone: a button that has the focus keeps it. */
  name(series) {
    const names = series.map((each) => each.name);
    if (`${names}` === `${[...this.values.keys()]}`) return;
    this.values = new Map(names.map((name) => [name, h("strong")]));
    show(
      this.keys,
      names.map((name) => this.key(name)),
    );
  }

  key(name) {
    const dot = h("span", { class: `dot fill-${name}`, "aria-hidden": "true" });
    const made = h("button", { type: "button", class: "key" }, dot, name, this.values.get(name));
    made.setAttribute("aria-pressed", String(!this.hidden.has(name)));
    made.addEventListener("click", () => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      made.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      this.changed();
    });
    return made;
  }

  /** At a place of the data, or nowhere. */
  tell(data, at) {
    show(this.when, at === null ? "Devices a second" : clock(data.times[at], data.step));
    for (const { name, values } of data.series) show(this.values.get(name), at === null ? "" : `${rate(values[at])}/s`);
  }
}

/** The devices of each stretch of time, but for those in which nothing came. */
function numbersTable(label, { times, series, step }) {
  const seen = times.map((at, i) => [at, i]).filter(([, i]) => series.some(({ values }) => values[i] > 0));
  const row = ([at, i]) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, clock(at, step)),
      series.map(({ values }) => h("td", { class: "number" }, count(Math.round(values[i] * step)))),
    );
  const heads = series.map(({ name }) => h("th", { scope: "col", class: "number" }, name));
  return h(
    "table",
    { class: "plain" },
    h("caption", { class: "unseen" }, `${label}, devices in each stretch of ${step} s`),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "From"), heads)),
    h("tbody", null, seen.map(row)),
  );
}

/** `data`: {times (seconds), step (seconds), series: [{name, values (per second)}]}. */
export class OutcomePlot {
  constructor(label, signal) {
    this.label = label;
    this.data = null;
    this.made = null;
    this.built = ""; // which series and which step it was made for
    this.room = h("div", { class: "plot", role: "img", "aria-label": label });
    this.legend = new Legend(() => this.draw());
    this.numbers = h("div", { class: "table-room" });
    this.rows = h("details", { class: "numbers" }, h("summary", null, "Show as numbers"), this.numbers);
    this.rows.addEventListener("toggle", () => this.fillNumbers());
    this.node = h("div", null, this.legend.node, this.room, this.rows);
    if (!Plot) this.doWithout();
    this.adapt(signal);
  }

  doWithout() {
    this.rows.open = true;
    this.room.removeAttribute("role");
    this.room.style.minHeight = "0";
    this.legend.node.hidden = true;
    show(this.room, h("p", { class: "muted" }, "This build has no plotting library; the numbers are below."));
  }

  /** To the room that there is, and to light and dark. */
  adapt(signal) {
    const resized = new ResizeObserver(() => {
      if (!this.made || Math.abs(this.made.width - this.room.clientWidth) >= 1) this.draw();
    });
    resized.observe(this.room);
    document.addEventListener("themechange", () => this.draw(), { signal });
    const end = () => (resized.disconnect(), this.made?.destroy());
    signal.addEventListener("abort", end, { once: true });
  }

  kind() {
    return `${this.data.step} ${this.data.series.map((each) => each.name)}`;
  }

  painted() {
    return [this.data.times, ...stacked(this.data.series, this.legend.hidden).reverse()];
  }

  draw() {
    if (!this.data || !Plot || this.room.clientWidth === 0) return;
    this.made?.destroy();
    const tell = (at) => this.legend.tell(this.data, at);
    this.made = new Plot(
      options(this.room.clientWidth, this.data.series, this.data.step, tell),
      this.painted(),
      this.room,
    );
    this.built = this.kind();
  }

  fillNumbers() {
    if (this.rows.open && this.data) show(this.numbers, numbersTable(this.label, this.data));
  }

  update(data) {
    this.data = data;
    this.legend.name(data.series);
    if (this.made && this.built === this.kind()) this.made.setData(this.painted());
    else this.draw();
    this.legend.tell(data, null);
    this.fillNumbers();
  }
}

/** Steps as the API gives them, as a plot takes them: every stretch of time, also those in which nothing came. */
export function overTime(outcomes) {
  const names = Object.keys(OUTCOMES).filter((name) => outcomes.steps.some((each) => each[name] > 0));
  const last = outcomes.steps.length > 0 ? outcomes.steps[outcomes.steps.length - 1].step : 0;
  const step = outcomes.step_ms / 1000;
  const from = new Date(outcomes.from).getTime() / 1000;
  const length = Math.min(last + 2, 2000);
  const times = Array.from({ length }, (_, i) => from + i * step);
  const series = names.map((name) => ({ name, values: new Array(length).fill(0) }));
  for (const each of outcomes.steps)
    for (const one of series) if (each.step < length) one.values[each.step] += (each[one.name] || 0) / step;
  return { times, step, series };
}

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

/**
 * `data`: {times (seconds), step (seconds), series: [{name, values (per second)}]}. Gives {node, update(data)}.
 */
export function outcomePlot(label, signal) {
  const room = h("div", { class: "plot", role: "img", "aria-label": label });
  const readout = h("div", { class: "readout", "aria-hidden": "true" });
  const rows = h("details", { class: "numbers" });
  const hidden = new Set();
  let data = null;
  let made = null;
  let built = ""; // which series and which step the plot was made for

  const tell = (at) => {
    if (!data) return;
    const parts = data.series.filter(({ name, values }) => !hidden.has(name) && (at === null || values[at] > 0));
    show(
      readout,
      h("span", { class: "muted" }, at === null ? "Devices a second" : clock(data.times[at], data.step)),
      parts.map(({ name, values }) =>
        h(
          "button",
          { type: "button", class: "key", tabindex: "-1", onclick: () => hide(name) },
          h("span", { class: `dot fill-${name}` }),
          name,
          at !== null && h("strong", null, ` ${rate(values[at])}/s`),
        ),
      ),
      hidden.size > 0 &&
        h(
          "button",
          { type: "button", class: "key", tabindex: "-1", onclick: () => hide(null) },
          `Show ${[...hidden].join(", ")}`,
        ),
    );
  };
  const hide = (name) => {
    if (name) hidden.add(name);
    else hidden.clear();
    draw();
    tell(null);
  };
  const fill = () => {
    const painted = stacked(data.series, hidden).reverse();
    return [data.times, ...painted];
  };
  const draw = () => {
    if (!data || !Plot || room.clientWidth === 0) return;
    made?.destroy();
    made = new Plot(options(room.clientWidth, data.series, data.step, tell), fill(), room);
    built = `${data.step} ${data.series.map((each) => each.name)}`;
  };
  const numbers = () => {
    if (!rows.open || !data) return;
    const seen = data.times.map((at, i) => [at, i]).filter(([, i]) => data.series.some(({ values }) => values[i] > 0));
    show(
      rows,
      h("summary", null, "Show as numbers"),
      h(
        "div",
        { class: "table-room" },
        h(
          "table",
          { class: "plain" },
          h("caption", { class: "unseen" }, `${label}, devices in each stretch of ${data.step} s`),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("th", { scope: "col" }, "From"),
              data.series.map(({ name }) => h("th", { scope: "col", class: "number" }, name)),
            ),
          ),
          h(
            "tbody",
            null,
            seen.map(([at, i]) =>
              h(
                "tr",
                null,
                h("th", { scope: "row" }, clock(at, data.step)),
                data.series.map(({ values }) => h("td", { class: "number" }, count(Math.round(values[i] * data.step)))),
              ),
            ),
          ),
        ),
      ),
    );
  };
  show(rows, h("summary", null, "Show as numbers"));
  rows.addEventListener("toggle", numbers);
  if (!Plot) {
    rows.open = true;
    show(room, h("p", { class: "muted" }, "This build has no plotting library; the numbers are below."));
    room.removeAttribute("role");
  }

  const resized = new ResizeObserver(() => (made && Math.abs(made.width - room.clientWidth) < 1 ? undefined : draw()));
  resized.observe(room);
  document.addEventListener("themechange", draw, { signal });
  signal.addEventListener("abort", () => (resized.disconnect(), made?.destroy()), { once: true });

  return {
    node: h("div", null, readout, room, rows),
    update(next) {
      data = next;
      const same = made && built === `${data.step} ${data.series.map((each) => each.name)}`;
      if (same) made.setData(fill());
      else draw();
      tell(null);
      numbers();
    },
  };
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

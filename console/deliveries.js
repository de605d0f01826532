// The deliveries of a notification: what became of it on each device, and why.
import { address, get } from "./api.js";
import { h, show } from "./dom.js";
import { ago, count, GATEWAYS, OUTCOMES } from "./format.js";
import { badge, button, empty, failure, gatewayBadge, pages, table, time } from "./ui.js";

const path = (id, rest) => `/v1/notifications/${encodeURIComponent(id)}/deliveries${rest}`;

const deliveryColumns = (id, explain) => [
  {
    title: "Device",
    cell: (each) =>
      each.device_id
        ? h("a", { href: `#/devices/${encodeURIComponent(each.device_id)}` }, each.device_id)
        : h("span", { class: "muted" }, "deleted since"),
  },
  { title: "Outcome", cell: (each) => badge(each.outcome) },
  { title: "Gateway", cell: (each) => gatewayBadge(each.gateway, GATEWAYS) },
  { title: "Code", cell: (each) => (each.code ? h("code", null, each.code) : "–") },
  { title: "Attempts", kind: "number", cell: (each) => count(each.attempts) },
  { title: "Settled", cell: (each) => time(each.settled_at) },
  {
    title: "",
    cell: (each) =>
      each.device_id &&
      button("Why?", () => explain(each.device_id), {
        kind: "quiet small",
        label: `Why did ${each.device_id} get this outcome?`,
      }),
  },
];

function explained(found) {
  return h(
    "div",
    { class: "notice", tabindex: "-1" },
    h(
      "div",
      null,
      h("p", null, h("strong", null, found.device_id), ": ", found.explanation),
      h(
        "p",
        { class: "muted small" },
        `${found.status}, ${found.reason}`,
        found.retry && ` · tried ${found.retry.attempts} times, next ${ago(found.retry.due_at)}`,
        found.received_at && ` · received ${ago(found.received_at)}`,
        found.opened_at && ` · opened ${ago(found.opened_at)}`,
      ),
      found.unmet && h("pre", { class: "code" }, JSON.stringify(found.unmet.condition, null, 1)),
    ),
  );
}

export function deliveries(id, signal) {
  const outcome = h(
    "select",
    null,
    h("option", { value: "" }, "Every outcome"),
    Object.keys(OUTCOMES).map((each) => h("option", { value: each }, each)),
  );
  const gateway = h(
    "select",
    null,
    h("option", { value: "" }, "Every gateway"),
    Object.entries(GATEWAYS).map(([each, text]) => h("option", { value: each }, text)),
  );
  const code = h("input", { type: "search", placeholder: "Code", autocomplete: "off", maxlength: 64 });
  const device = h("input", { type: "search", placeholder: "Device id", autocomplete: "off", maxlength: 128 });
  const why = h("div", { "aria-live": "polite" });
  const explain = async (which) => {
    try {
      show(why, explained(await get(path(id, `/${encodeURIComponent(which)}`), signal)));
      why.firstChild.focus();
    } catch (fault) {
      show(why, failure(fault));
    }
  };
  const list = pages(
    signal,
    (cursor) =>
      get(
        address(path(id, ""), {
          outcome: outcome.value,
          gateway: gateway.value,
          code: code.value.trim(),
          device_id: device.value.trim(),
          limit: 20,
          cursor,
        }),
        signal,
      ),
    (items) => table("Deliveries", deliveryColumns(id, explain), items),
    () =>
      device.value.trim()
        ? empty(
            "No delivery to this device",
            "It has no outcome, or is not in the audience.",
            button("Why not?", () => explain(device.value.trim()), { kind: "primary" }),
          )
        : empty("No deliveries", "Each device whose push has its outcome is listed here."),
    "Loading deliveries",
  );
  for (const each of [outcome, gateway, code, device]) each.addEventListener("change", () => (show(why), list.begin()));
  const named = (name, input) => h("label", null, h("span", { class: "unseen" }, name), input);
  const node = h(
    "section",
    { class: "card", "aria-labelledby": "deliveries" },
    h("h2", { id: "deliveries", tabindex: "-1" }, "Deliveries"),
    h(
      "form",
      { class: "row filters", onsubmit: (event) => event.preventDefault() },
      named("Outcome", outcome),
      named("Gateway", gateway),
      named("Code", code),
      named("Device id", device),
    ),
    why,
    list.node,
  );
  const look = (at) => {
    [outcome.value, gateway.value, code.value, device.value] = [at.outcome, at.gateway || "", at.code || "", ""];
    list.begin();
    node.querySelector("h2").focus();
  };
  return { node, look, begin: list.begin };
}

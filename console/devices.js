// Finds devices, by id, person, push token or condition.
import { address, get, post } from "./api.js";
import { ConditionEditor } from "./builder.js";
import { h, show } from "./dom.js";
import { devicesText, badge, button, empty, failure, field, gatewayBadge, pages, table, time } from "./ui.js";
import { GATEWAYS, PLATFORMS } from "./format.js";

const WAYS = { condition: "Condition", device_id: "Device id", user_id: "User id", push_token: "Push token" };

const deviceColumns = [
  {
    title: "Device",
    cell: (each) =>
      h("a", { class: "strong", href: `#/devices/${encodeURIComponent(each.device_id)}` }, each.device_id),
  },
  { title: "Platform", cell: (each) => PLATFORMS[each.platform] || each.platform },
  { title: "Gateway", cell: (each) => gatewayBadge(each.gateway, GATEWAYS) },
  { title: "User", cell: (each) => each.user_id || "–" },
  { title: "Locale", cell: (each) => each.locale || "–" },
  { title: "State", cell: (each) => (each.enabled ? badge("enabled") : badge("disabled")) },
  { title: "Last seen", cell: (each) => time(each.last_seen_at) },
];

const open = (id) => (location.hash = `#/devices/${encodeURIComponent(id)}`);

export function devices({ main, signal }) {
  const way = h(
    "select",
    { "aria-label": "Find by" },
    Object.entries(WAYS).map(([each, text]) => h("option", { value: each }, text)),
  );
  const text = h("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": "What to find" });
  const gateway = h(
    "select",
    { "aria-label": "Gateway of the token" },
    Object.entries(GATEWAYS).map(([each, name]) => h("option", { value: each }, name)),
  );
  const what = h("div");
  const found = h("div", { "aria-live": "polite" });
  const total = h("p", { class: "muted" });
  const editor = new ConditionEditor({}, () => {});

  const none = () =>
    empty(
      "No devices",
      "None is registered, or none meets what you look for. Your back end registers devices with PUT /v1/devices/{device_id}.",
    );
  const draw = (items) => table("Devices", deviceColumns, items);
  const search = (condition) => {
    show(
      found,
      pages(
        signal,
        (cursor) => post("/v1/devices:search", { condition, limit: 50, ...(cursor ? { cursor } : {}) }, { signal }),
        draw,
        none,
        "Looking through the devices",
      ).node,
    );
    show(total);
    post("/v1/devices:count", { condition }, { signal }).then(
      ({ count }) => show(total, devicesText(count)),
      () => {},
    );
  };
  const find = async () => {
    const wanted = text.value.trim();
    if (way.value === "condition") {
      const { condition, fault } = editor.read();
      if (fault) show(found, failure(new Error(fault)));
      else search(condition);
      return;
    }
    show(total);
    if (!wanted) {
      text.focus();
      return;
    }
    if (way.value === "user_id") {
      show(
        found,
        pages(
          signal,
          (cursor) => get(address(`/v1/users/${encodeURIComponent(wanted)}/devices`, { limit: 50, cursor }), signal),
          draw,
          none,
        ).node,
      );
      return;
    }
    try {
      const one =
        way.value === "device_id"
          ? await get(`/v1/devices/${encodeURIComponent(wanted)}`, signal)
          : await post("/v1/devices:lookup", { gateway: gateway.value, push_token: wanted }, { signal });
      open(one.device_id);
    } catch (fault) {
      if (signal.aborted) return;
      show(
        found,
        fault.status === 404
          ? empty("No such device", `None is registered with this ${WAYS[way.value].toLowerCase()}.`)
          : failure(fault, find),
      );
    }
  };
  const choose = () => {
    const kind = way.value;
    show(
      what,
      kind === "condition"
        ? editor.node
        : h(
            "div",
            { class: "row" },
            kind === "push_token" && gateway,
            h("div", { class: "grow" }, field(WAYS[kind], text)),
          ),
    );
  };
  way.addEventListener("change", choose);
  choose();
  show(
    main,
    h("div", { class: "row between head" }, h("h1", null, "Devices"), total),
    h(
      "section",
      { class: "card" },
      h(
        "form",
        { class: "finder", onsubmit: (event) => (event.preventDefault(), find()) },
        h("div", { class: "row" }, h("label", { class: "row tight" }, h("span", { class: "muted" }, "Find by"), way)),
        what,
        h("div", { class: "row" }, button("Find", null, { kind: "primary", type: "submit", picture: "search" })),
      ),
    ),
    h("section", { class: "card", "aria-label": "Found" }, found),
  );
  search({});
}

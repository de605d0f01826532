// One device: what is known of it, and its history.
import { address, get } from "./api.js";
import { h, show } from "./dom.js";
import { exact, GATEWAYS, PLATFORMS } from "./format.js";
import { badge, empty, failure, gatewayBadge, loading, pages, table, time } from "./ui.js";

const TYPES = [
  "accepted",
  "unregistered",
  "rejected",
  "failed",
  "expired",
  "canceled",
  "skipped",
  "unknown",
  "registered",
  "token_replaced",
  "token_moved_in",
  "token_moved_out",
  "disabled",
  "enabled",
  "received",
  "opened",
];
const plain = (type) => type.replaceAll("_", " ");

function facts(of) {
  const rows = [
    ["Platform", PLATFORMS[of.platform] || of.platform],
    ["Gateway", h("span", null, gatewayBadge(of.gateway, GATEWAYS), of.environment ? `, ${of.environment}` : "")],
    ["Push token", h("code", null, of.push_token)],
    ["User", of.user_id],
    ["Locale", of.locale],
    ["Time zone", of.time_zone],
    ["App version", of.app_version],
    ["Registered", exact(of.created_at)],
    ["Last seen", of.last_seen_at && exact(of.last_seen_at)],
    ["Token since", of.token_registered_at && exact(of.token_registered_at)],
    ["Disabled", of.disabled_at && `${exact(of.disabled_at)}: ${plain(of.disabled_reason || "")}`],
  ];
  return h(
    "dl",
    { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

const columns = [
  { title: "What", cell: (each) => badge(each.type, plain(each.type)) },
  { title: "When", cell: (each) => time(each.at) },
  {
    title: "Notification",
    cell: (each) =>
      each.notification_id
        ? h(
            "a",
            { href: `#/notifications/${encodeURIComponent(each.notification_id)}` },
            each.external_id || each.notification_id,
          )
        : "–",
  },
  {
    title: "Details",
    kind: "wide",
    cell: (each) =>
      h(
        "span",
        null,
        [
          each.code && h("code", null, each.code),
          each.gateway && GATEWAYS[each.gateway],
          each.attempts && `${each.attempts} ${each.attempts === 1 ? "attempt" : "attempts"}`,
          each.other_device_id &&
            h("a", { href: `#/devices/${encodeURIComponent(each.other_device_id)}` }, each.other_device_id),
        ]
          .filter(Boolean)
          .flatMap((part, i) => (i > 0 ? [" · ", part] : [part])),
      ),
  },
];

export function device({ main, names: [id], signal }) {
  const path = `/v1/devices/${encodeURIComponent(id)}`;
  const head = (of) =>
    h(
      "div",
      { class: "head" },
      h("p", { class: "crumb" }, h("a", { href: "#/devices" }, "Devices")),
      h("h1", { tabindex: "-1" }, id, " ", of && (of.enabled ? badge("enabled") : badge("disabled"))),
    );
  const draw = (of) => {
    const type = h(
      "select",
      { "aria-label": "What happened" },
      h("option", { value: "" }, "Everything"),
      TYPES.map((each) => h("option", { value: each }, plain(each))),
    );
    const history = pages(
      signal,
      (cursor) => get(address(`${path}/events`, { type: type.value, limit: 50, cursor }), signal),
      (items) => table("History, the newest first", columns, items),
      () =>
        empty(
          "Nothing of that kind",
          "What happens to this device stands here: pushes, changes of its token, and what its app reports.",
        ),
      "Looking through its history",
    );
    type.addEventListener("change", history.begin);
    show(
      main,
      head(of),
      h(
        "section",
        { class: "card", "aria-label": "What is known of it" },
        facts(of),
        Object.keys(of.properties).length > 0 &&
          h(
            "div",
            null,
            h("h3", null, "Properties"),
            h("pre", { class: "code" }, JSON.stringify(of.properties, null, 2)),
          ),
      ),
      h(
        "section",
        { class: "card", "aria-labelledby": "history" },
        h("div", { class: "row between" }, h("h2", { id: "history" }, "History"), h("div", { class: "filters" }, type)),
        history.node,
      ),
    );
  };
  const begin = async () => {
    show(main, head(null), loading("Loading the device"));
    try {
      draw(await get(path, signal));
    } catch (fault) {
      if (!signal.aborted)
        show(
          main,
          head(null),
          fault.status === 404
            ? empty("There is no device with this id", "It was never registered, or was deleted since.")
            : failure(fault, begin),
        );
    }
  };
  begin();
}

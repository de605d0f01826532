// Draws what a gateway would get as it would look on the device: pictures are named and not fetched.
import { h } from "./dom.js";
import { count, GATEWAYS } from "./format.js";
import { badge } from "./ui.js";

const first = (...values) => values.find((each) => typeof each === "string" && each !== "");

/** What the user sees, from the payload of any gateway. */
function seen(gateway, payload) {
  const of = (...path) => path.reduce((at, name) => at?.[name], payload);
  if (gateway === "apns") {
    const alert = of("aps", "alert");
    return {
      title: alert?.title,
      body: typeof alert === "string" ? alert : alert?.body,
      image: first(of("image_url"), of("image")),
      badge: of("aps", "badge"),
      sound: of("aps", "sound"),
      silent: !alert,
    };
  }
  const message = payload?.message || payload || {};
  const android = message.android?.notification || {};
  const plain = message.notification || message.web_push || {};
  const web = message.webpush?.notification || {};
  return {
    title: first(android.title, plain.title, web.title, message.title),
    body: first(android.body, plain.body, web.body, message.body),
    image: first(android.image, plain.image, web.image, message.image, message.image_url),
    link: first(android.click_action?.url, message.deep_link, message.url, message.data?.deep_link),
    badge: android.notification_count,
    sound: first(android.sound),
  };
}

function card(gateway, { title, body, image, badge: number, silent }) {
  const app = h(
    "div",
    { class: "app" },
    h("span", { class: "app-icon", "aria-hidden": "true" }, "A"),
    h("span", null, gateway === "webpush" ? "your site" : "Your app"),
    h("span", { class: "when" }, "now"),
  );
  if (silent && !title && !body)
    return h(
      "div",
      { class: "push" },
      app,
      h("p", { class: "body" }, "Shows nothing: the app gets it in the background."),
    );
  return h(
    "div",
    { class: "push" },
    app,
    title && h("p", { class: "title" }, title),
    body && h("p", { class: "body" }, body),
    image && h("p", { class: "picture" }, h("span", { class: "unseen" }, "Picture: "), image),
    number > 0 && h("p", { class: "small" }, `Badge: ${count(number)}`),
  );
}

const CLOCK = "09:41";
const shells = {
  apns: (inner) => h("div", { class: "phone phone-ios" }, h("p", { class: "phone-clock" }, CLOCK), inner),
  fcm: (inner) =>
    h(
      "div",
      { class: "phone phone-android" },
      h("p", { class: "phone-bar" }, h("span", null, CLOCK), h("span", null, "▮")),
      inner,
    ),
  webpush: (inner) => h("div", { class: "phone phone-web" }, inner),
};
shells.hms = shells.fcm;

/** One payload of a rehearsal. */
export function preview(of) {
  const shell = shells[of.gateway] || shells.fcm;
  const used = of.limit > 0 ? Math.min(1, of.bytes / of.limit) : 0;
  return h(
    "figure",
    { class: "preview" },
    of.payload
      ? shell(card(of.gateway, seen(of.gateway, of.payload)))
      : shell(h("div", { class: "push" }, h("p", { class: "body" }, "It cannot be rendered."))),
    h(
      "figcaption",
      null,
      h(
        "div",
        { class: "row between" },
        h("strong", null, GATEWAYS[of.gateway] || of.gateway, of.locale ? `, ${of.locale}` : ""),
        of.fits ? badge("well", "fits") : badge("refused", "too large"),
      ),
      of.fits &&
        h(
          "div",
          { class: "meter", "aria-hidden": "true" },
          h("span", { style: { width: `${Math.round(100 * used)}%` } }),
        ),
      of.fits &&
        h(
          "p",
          { class: "muted small" },
          `${count(of.bytes)} of ${count(of.limit)} bytes`,
          of.shortened && ", its body was shortened",
        ),
      of.fault && h("p", { class: "small wrong" }, of.fault),
      of.payload &&
        h(
          "details",
          null,
          h("summary", null, "Payload"),
          h("pre", { class: "code" }, JSON.stringify(of.payload, null, 2)),
        ),
    ),
  );
}

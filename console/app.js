// The frame: who is signed in, which view is open, light or dark.
import { session } from "./api.js";
import { h, icon, show } from "./dom.js";
import { button, failure, loading, locked } from "./ui.js";
import { signIn } from "./signin.js";
import { notifications } from "./notifications.js";
import { notification } from "./notification.js";
import { compose } from "./compose.js";
import { devices } from "./devices.js";
import { device } from "./device.js";
import { gateways } from "./gateways.js";
import { deadLetters } from "./deadletters.js";

const app = document.getElementById("app");

// Each place: what it is called, which scopes let one in, and what is there. The first that fits is taken.
const PLACES = [
  {
    path: /^notifications$/,
    view: notifications,
    scopes: ["read"],
    what: "The list of notifications",
    title: "Notifications",
  },
  {
    path: /^notifications\/([^/]+)$/,
    view: notification,
    scopes: ["read"],
    what: "A notification's story",
    title: "Notification",
  },
  { path: /^compose$/, view: compose, scopes: ["send"], what: "Composing", title: "Compose" },
  { path: /^compose\/([^/]+)$/, view: compose, scopes: ["send"], what: "Composing", title: "Edit" },
  { path: /^devices$/, view: devices, scopes: ["devices"], what: "Looking at devices", title: "Devices" },
  { path: /^devices\/([^/]+)$/, view: device, scopes: ["devices"], what: "Looking at devices", title: "Device" },
  { path: /^gateways$/, view: gateways, scopes: ["read"], what: "How gateways fare", title: "Gateways" },
  { path: /^dead-letters$/, view: deadLetters, scopes: ["admin"], what: "Dead letters", title: "Dead letters" },
];
const MENU = [
  { to: "notifications", text: "Notifications", picture: "list", scopes: ["read"] },
  { to: "compose", text: "Compose", picture: "compose", scopes: ["send"] },
  { to: "devices", text: "Devices", picture: "devices", scopes: ["devices"] },
  { to: "gateways", text: "Gateways", picture: "gateways", scopes: ["read"] },
  { to: "dead-letters", text: "Dead letters", picture: "dead", scopes: ["admin"] },
];

let leaving = null; // ends the view that is open

// -- light and dark --

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";
const themeChanged = () => document.dispatchEvent(new Event("themechange"));
systemDark.addEventListener("change", themeChanged);

function themeSwitch() {
  const made = h("button", { type: "button", class: "button quiet", "aria-pressed": String(isDark()) });
  const draw = () => {
    made.setAttribute("aria-pressed", String(isDark()));
    show(made, icon(isDark() ? "sun" : "moon"), h("span", { class: "unseen" }, "Dark"));
    made.title = isDark() ? "Light" : "Dark";
  };
  made.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try {
      localStorage.setItem("pusher.theme", chosen);
    } catch {
      // It holds for this page then.
    }
    draw();
    themeChanged();
  });
  systemDark.addEventListener("change", draw);
  draw();
  return made;
}

// -- the frame --

// One picture for all frames: it is there when the node is not.
const mark = h("img", { src: "/console/icon.svg", alt: "", width: 28, height: 28 });
const brand = () => h("a", { class: "brand", href: "#/notifications" }, mark, h("span", null, "Pusher"));

function menu(current) {
  return h(
    "nav",
    { class: "menu", "aria-label": "Main" },
    h(
      "ul",
      null,
      MENU.filter((each) => session.may(...each.scopes)).map((each) =>
        h(
          "li",
          null,
          h(
            "a",
            {
              href: `#/${each.to}`,
              "aria-current":
                current.startsWith(each.to) && (each.to === current || current[each.to.length] === "/")
                  ? "page"
                  : undefined,
            },
            icon(each.picture),
            h("span", null, each.text),
          ),
        ),
      ),
    ),
  );
}

function frame(current, main) {
  const { application, scopes } = session.access;
  return h(
    "div",
    { class: "frame" },
    h(
      "a",
      { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) },
      "Skip to the content",
    ),
    h(
      "header",
      { class: "side" },
      brand(),
      menu(current),
      h(
        "div",
        { class: "who" },
        h(
          "p",
          { class: "whose" },
          h("strong", null, application),
          h("span", { class: "muted small" }, `key: ${scopes.join(", ")}`),
        ),
        h(
          "div",
          { class: "row tight" },
          themeSwitch(),
          button("Sign out", () => session.end(""), { kind: "quiet", picture: "out" }),
        ),
      ),
    ),
    main,
  );
}

function firstPlace() {
  return (MENU.find((each) => session.may(...each.scopes)) || MENU[0]).to;
}

/** What a part of the address says; what is not encoded as it should be stays as it stands. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function openPlace() {
  leaving?.abort();
  leaving = new AbortController();
  const current = location.hash.replace(/^#\/?/, "") || firstPlace();
  const place = PLACES.find((each) => each.path.test(current));
  const main = h("main", { id: "main", tabindex: "-1" });
  show(app, frame(current, main));
  if (!place) {
    show(
      main,
      h(
        "div",
        { class: "empty" },
        icon("empty"),
        h("h1", null, "There is nothing here"),
        h("p", null, "The address leads nowhere. ", h("a", { href: `#/${firstPlace()}` }, "Go to the start.")),
      ),
    );
    return;
  }
  document.title = `${place.title} – Pusher`;
  const names = place.path.exec(current).slice(1).map(decoded);
  if (!session.may(...place.scopes)) show(main, h("h1", null, place.title), locked(place.what, place.scopes[0]));
  else place.view({ main, names, signal: leaving.signal });
  window.scrollTo(0, 0);
}

/** After a change of place or signing in, not after loading: who uses a keyboard goes on at the top of what is new. */
function placeChanged() {
  if (!session.access) return;
  openPlace();
  const title = app.querySelector("h1");
  if (!title) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

// -- signed in or not --

function askForKey(why) {
  leaving?.abort();
  document.title = "Sign in – Pusher";
  show(app, signIn(why, themeSwitch(), placeChanged));
  app.querySelector("input")?.focus();
}

async function start() {
  if (!session.present) return askForKey("");
  show(app, h("div", { class: "lonely" }, loading("Looking who you are")));
  try {
    await session.resume();
    openPlace();
  } catch (fault) {
    // With a key that is not good any more, the session has ended and the form is there already.
    if (session.present)
      show(
        app,
        h(
          "div",
          { class: "lonely" },
          failure(fault, start),
          h(
            "p",
            null,
            button("Sign out", () => session.end(""), { kind: "quiet" }),
          ),
        ),
      );
  }
}

session.onEnd(askForKey);
window.addEventListener("hashchange", placeChanged);
start();

// Asks for an API key.
import { session } from "./api.js";
import { h, icon, show } from "./dom.js";
import { button, field } from "./ui.js";

export function signIn(why, themeSwitch, entered) {
  const input = h("input", {
    type: "password",
    name: "key",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
    required: true,
    placeholder: "psk_…",
  });
  const wrong = h("div", { role: "alert" });
  const tell = (text) => show(wrong, text && h("p", { class: "failure" }, icon("alert"), h("span", null, text)));
  const enter = button("Sign in", null, { kind: "primary", type: "submit" });
  const form = h(
    "form",
    { class: "sign-in", novalidate: true },
    h(
      "div",
      { class: "row between" },
      h(
        "h1",
        { class: "brand" },
        h("img", { src: "/console/icon.svg", alt: "", width: 32, height: 32 }),
        h("span", null, "Pusher"),
      ),
      themeSwitch,
    ),
    h(
      "p",
      { class: "muted" },
      "Sign in with an API key. It stays in this tab, and is forgotten when the tab is closed.",
    ),
    wrong,
    field("API key", input),
    enter,
    h(
      "p",
      { class: "muted small" },
      "A key is made with ",
      h("code", null, "pusher keys create --scopes devices,send,read,admin"),
      ". What the key may not do is not shown.",
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (!key) {
      tell("Enter an API key.");
      input.focus();
      return;
    }
    enter.setAttribute("aria-busy", "true");
    try {
      await session.begin(key);
      entered();
    } catch (fault) {
      tell(fault.status === 401 ? `This key is not taken: ${fault.message}` : fault.message);
      input.select();
    } finally {
      enter.removeAttribute("aria-busy");
    }
  });
  tell(why);
  return h("main", { class: "lonely", id: "main" }, form);
}

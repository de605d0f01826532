// What waits for an operator, above the notifications: dead letters, breakers, refused credentials, held deletions.
import { get, session } from "./api.js";
import { h, icon } from "./dom.js";
import { GATEWAYS, several } from "./format.js";
import { every, redraw } from "./ui.js";

const LOOK_MS = 10000;

const line = (text, href, what) =>
  h("p", { class: "notice" }, icon("alert"), h("span", null, text, " ", h("a", { href }, what)));

function troubles({ items, missing }) {
  const lines = items
    .filter((each) => each.credential_refused || each.breakers_open > 0)
    .map((each) => {
      const name = GATEWAYS[each.gateway] || each.gateway;
      const text = each.credential_refused
        ? `${name} refuses the credential.`
        : `${name} does not take pushes now: its breaker is open.`;
      return line(text, "#/gateways", "Look at the gateways");
    });
  if (missing > 0)
    lines.push(
      line(`${several(missing, "sender does", "senders do")} not answer.`, "#/gateways", "Look at the gateways"),
    );
  return lines;
}

const letters = ({ items, has_more: more }) =>
  items.length > 0
    ? [
        line(
          `${more ? `More than ${items.length}` : items.length} dead ${items.length === 1 ? "letter waits" : "letters wait"} for a decision.`,
          "#/dead-letters",
          "Decide",
        ),
      ]
    : [];

const holds = ({ items }) =>
  items.some((each) => each.state === "held")
    ? [line("A gateway calls very many tokens dead; their devices wait for a decision.", "#/gateways", "Decide")]
    : [];

/** Nothing while there is nothing to do. */
export function attention(signal) {
  const node = h("div", { class: "attention", role: "status", hidden: true });
  const look = async () => {
    const asked = [get("/v1/token-holds", signal).then(holds)];
    if (session.may("admin"))
      asked.push(
        get("/v1/dead-letters?limit=100", signal).then(letters),
        get("/v1/gateway-states", signal).then(troubles),
      );
    // What cannot be asked now is told of where it is shown.
    const lines = (await Promise.all(asked.map((each) => each.catch(() => [])))).flat();
    if (signal.aborted) return;
    node.hidden = lines.length === 0;
    redraw(node, lines);
  };
  look();
  every(LOOK_MS, signal, look);
  return node;
}

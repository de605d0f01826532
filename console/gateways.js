// How each gateway fares: breakers, quotas, credentials, deletions that are held, and what its answers mean.
import { get, post, session } from "./api.js";
import { h, show } from "./dom.js";
import { ago, count, exact, GATEWAYS, rate, several } from "./format.js";
import { badge, button, confirmed, devicesText, empty, every, resource, say, table, time } from "./ui.js";

const LOOK_MS = 2500;
const nameOf = (each) => `${GATEWAYS[each.gateway] || each.gateway}${each.environment === "sandbox" ? " sandbox" : ""}`;

// -- now --

function condition(of) {
  if (of.credential_refused) return badge("refused", "credential refused");
  if (of.breakers_open > 0)
    return badge(
      "breaker",
      of.breakers_open === of.senders ? "breaker open" : `breaker open at ${of.breakers_open} of ${of.senders}`,
    );
  return of.troubles.length > 0 ? badge("trouble") : badge("well");
}

function quota(of, perSecond) {
  if (!of.quota_per_minute) return h("p", { class: "muted small" }, "No quota is set");
  const used = perSecond === null ? 0 : Math.min(1, (60 * perSecond) / of.quota_per_minute);
  return h(
    "div",
    { class: "quota" },
    h(
      "div",
      { class: "meter", role: "img", "aria-label": `${Math.round(100 * used)} % of the quota in use` },
      h("span", { style: { width: `${Math.round(100 * used)}%` } }),
    ),
    h(
      "p",
      { class: "muted small" },
      `Quota: ${count(of.quota_per_minute)} a minute, ${Math.round(100 * used)} % in use`,
    ),
  );
}

function stateCard(of, perSecond) {
  const facts = [
    ["A second", perSecond === null ? "–" : rate(perSecond)],
    ["In flight", count(of.in_flight)],
    ["Queued", count(of.queued)],
    ["Connected", count(of.connections)],
  ];
  return h(
    "article",
    { class: "card gateway" },
    h("div", { class: "row between" }, h("h3", null, nameOf(of)), condition(of)),
    h(
      "p",
      { class: "muted small" },
      "Credential ",
      h("code", null, of.credential),
      ` · ${several(of.senders, "sender")}`,
      of.expires_at && h("span", { title: exact(of.expires_at) }, ` · expires ${ago(of.expires_at)}`),
    ),
    h(
      "dl",
      { class: "figures small-figures" },
      facts.map(([name, value]) =>
        h("div", { class: "figure" }, h("dt", null, name), h("dd", null, h("strong", null, value))),
      ),
    ),
    quota(of, perSecond),
    of.troubles.length > 0 &&
      h(
        "ul",
        { class: "troubles" },
        of.troubles.map((each) => h("li", { class: "notice" }, each)),
      ),
  );
}

/** Requests a second of each, by what they were at the look before. */
class Rates {
  constructor() {
    this.before = new Map();
  }
  take(items) {
    const now = Date.now();
    const rates = items.map((each) => {
      const key = `${nameOf(each)} ${each.credential}`;
      const last = this.before.get(key);
      this.before.set(key, { at: now, requests: each.requests });
      // A sender that was started again counts from zero.
      return last && each.requests >= last.requests && now > last.at
        ? (1000 * (each.requests - last.requests)) / (now - last.at)
        : null;
    });
    return rates;
  }
}

function statesSection(signal) {
  if (!session.may("admin"))
    return h(
      "section",
      { class: "card" },
      h("h2", null, "Now"),
      h("p", { class: "muted" }, "Breakers, quotas and credentials are shown to keys with the scope “admin”."),
    );
  const rates = new Rates();
  const made = resource(
    signal,
    () => get("/v1/gateway-states", signal),
    ({ items, missing }) => {
      const perSecond = rates.take(items);
      return h(
        "div",
        { class: "stack" },
        missing > 0 &&
          h(
            "p",
            { class: "notice" },
            `${several(missing, "sender does", "senders do")} not answer: what happens there is not in these numbers.`,
          ),
        items.length > 0
          ? h(
              "div",
              { class: "gateways" },
              items.map((each, i) => stateCard(each, perSecond[i])),
            )
          : h(
              "section",
              { class: "card" },
              empty(
                "No connection is open",
                "Senders open a gateway when there is something to send. Once they do, its breaker and quota are shown here.",
              ),
            ),
      );
    },
    "Asking the senders",
  );
  every(LOOK_MS, signal, () => made.refresh(true));
  return h("section", { "aria-label": "Now" }, made.node);
}

// -- deletions that are held --

function holdsSection(signal) {
  const may = session.may("admin");
  const decide = (each, how, words) =>
    button(
      words.text,
      async () => {
        if (!(await confirmed(words.ask, h("p", null, words.why), words.text, how === "undo" ? "primary" : "danger")))
          return;
        await post(`/v1/token-holds/${encodeURIComponent(each.id)}:${how}`);
        say("It is decided.");
        made.refresh(true);
      },
      { kind: "small" },
    );
  const made = resource(
    signal,
    () => get("/v1/token-holds", signal),
    ({ items }) =>
      items.length > 0 &&
      h(
        "section",
        { class: "card", "aria-labelledby": "holds" },
        h("h2", { id: "holds" }, "Deletions that are held"),
        h(
          "p",
          { class: "muted" },
          "When a gateway calls far too many tokens dead at once, a wrong key is likelier than that they all died: their devices stay enabled until somebody decides.",
        ),
        table(
          "Deletions that are held",
          [
            { title: "Gateway", cell: nameOf },
            { title: "State", cell: (each) => badge(each.state) },
            { title: "Called dead", kind: "number", cell: (each) => `${count(each.dead)} of ${count(each.answered)}` },
            { title: "Devices", kind: "number", cell: (each) => count(each.devices) },
            { title: "Since", cell: (each) => time(each.since) },
            {
              title: "",
              cell: (each) =>
                may &&
                each.state === "held" &&
                h(
                  "div",
                  { class: "row" },
                  decide(each, "confirm", {
                    text: "Disable them",
                    ask: "Are the tokens dead?",
                    why: `${devicesText(each.devices)} will be disabled: no audience has them until they register again.`,
                  }),
                  decide(each, "undo", {
                    text: "Keep them",
                    ask: "Was the fault ours?",
                    why: `${devicesText(each.devices)} stay enabled.`,
                  }),
                ),
            },
          ],
          items,
        ),
      ),
    "Looking for deletions",
  );
  return made.node;
}

// -- credentials, and what answers mean --

function credentialsSection(signal) {
  if (!session.may("admin")) return null;
  const expiry = (each) =>
    each.expires_at
      ? h(
          "span",
          { class: each.expires_in_days < 14 ? "wrong" : "", title: exact(each.expires_at) },
          ago(each.expires_at),
        )
      : "never";
  return resource(
    signal,
    () => get("/v1/credentials", signal),
    ({ items }) =>
      items.length > 0 &&
      h(
        "section",
        { class: "card", "aria-labelledby": "credentials" },
        h("h2", { id: "credentials" }, "Uploaded credentials"),
        table(
          "Uploaded credentials",
          [
            { title: "Name", cell: (each) => each.name || h("code", null, each.id) },
            { title: "Gateway", cell: (each) => gatewayOf(each) },
            {
              title: "State",
              cell: (each) =>
                each.trouble
                  ? badge("trouble")
                  : each.in_use
                    ? badge("well", "in use")
                    : badge("off", each.active ? "active" : "not active"),
            },
            { title: "Expires", cell: expiry },
            { title: "Trouble", kind: "wide", cell: (each) => each.trouble || "–" },
          ],
          items,
        ),
      ),
    "Loading credentials",
  ).node;
}

const gatewayOf = (each) =>
  `${GATEWAYS[each.gateway] || each.gateway}${each.environments ? `, ${each.environments.join(" and ")}` : ""}`;

function answersSection(signal) {
  return resource(
    signal,
    () => get("/v1/gateways", signal),
    ({ items }) =>
      h(
        "section",
        { class: "card", "aria-labelledby": "answers" },
        h("h2", { id: "answers" }, "What their answers mean"),
        items.map(({ protocol, configured, answers }) =>
          h(
            "details",
            null,
            h(
              "summary",
              null,
              h("strong", null, protocol),
              " ",
              configured ? badge("well", "configured") : badge("off", "no credential"),
            ),
            table(
              `Answers of ${protocol}`,
              [
                { title: "Status", cell: (each) => each.status },
                { title: "Code", cell: (each) => (each.code ? h("code", null, each.code) : "any") },
                { title: "What is done", cell: (each) => each.action.replaceAll("_", " ") },
                { title: "Meaning", kind: "wide", cell: (each) => each.meaning },
              ],
              answers,
            ),
          ),
        ),
      ),
    "Loading the gateways",
  ).node;
}

export function gateways({ main, signal }) {
  show(
    main,
    h("div", { class: "head" }, h("h1", null, "Gateways")),
    statesSection(signal),
    holdsSection(signal),
    credentialsSection(signal),
    answersSection(signal),
  );
}

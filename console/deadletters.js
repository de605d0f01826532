// Jobs that were given up, and what is to become of them.
import { address, get, post } from "./api.js";
import { h, show } from "./dom.js";
import { count, GATEWAYS } from "./format.js";
import { badge, button, confirmed, devicesText, empty, pages, say, table, time } from "./ui.js";

export function deadLetters({ main, signal }) {
  const decide = async (each, how) => {
    const words = {
      requeue: [
        "Try it again?",
        `${devicesText(each.targets)} without an outcome go into the queue again. Do it when what was wrong has been mended.`,
        "Requeue",
        "primary",
      ],
      drop: [
        "Give it up?",
        each.readable
          ? `${devicesText(each.targets)} become “failed”. This cannot be taken back.`
          : "It cannot be read, and nobody knows whose devices were in it: its notification may stay short of them. This cannot be taken back.",
        "Drop",
        "danger",
      ],
    }[how];
    if (!(await confirmed(words[0], h("p", null, words[1]), words[2], words[3]))) return;
    try {
      await post(`/v1/dead-letters/${encodeURIComponent(each.id)}:${how}`);
      say(how === "requeue" ? "It is in the queue again." : "It is dropped.");
    } finally {
      list.begin();
    }
  };
  const columns = [
    { title: "Given up", cell: (each) => time(each.buried_at) },
    {
      title: "Where",
      cell: (each) =>
        h(
          "span",
          null,
          each.stage === "push-sender"
            ? `Sending by ${GATEWAYS[each.gateway] || each.gateway}`
            : "Recording of results",
          each.environment ? `, ${each.environment}` : "",
          !each.readable && badge("refused", "unreadable"),
        ),
    },
    {
      title: "Reason",
      kind: "wide",
      cell: (each) =>
        h("div", null, each.reason, h("p", { class: "muted small" }, "Held last by ", h("code", null, each.owner))),
    },
    {
      title: "Notification",
      cell: (each) =>
        each.notification_id
          ? h(
              "a",
              { href: `#/notifications/${encodeURIComponent(each.notification_id)}` },
              each.notification_id.slice(0, 13),
              "…",
            )
          : "–",
    },
    { title: "Devices", kind: "number", cell: (each) => (each.readable ? count(each.targets) : "?") },
    {
      title: "",
      cell: (each) =>
        h(
          "div",
          { class: "row tight" },
          each.readable && button("Requeue", () => decide(each, "requeue"), { kind: "small" }),
          button("Drop", () => decide(each, "drop"), { kind: "small danger" }),
        ),
    },
  ];
  const list = pages(
    signal,
    (cursor) => get(address("/v1/dead-letters", { limit: 50, cursor }), signal),
    (items) => table("Dead letters, the oldest first", columns, items),
    () =>
      empty(
        "No dead letters",
        "A job that was tried five times without any progress ends here, and waits for your decision. Nothing does now.",
      ),
    "Looking for dead letters",
  );
  show(
    main,
    h(
      "div",
      { class: "row between head" },
      h("h1", null, "Dead letters"),
      button("Look again", list.begin, { kind: "quiet" }),
    ),
    h("section", { class: "card" }, list.node),
  );
}

// Makes elements. Whatever is shown becomes text or an attribute, never markup: what a device or a title is called
// cannot do anything here.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style")
      for (const [property, text] of Object.entries(value)) made.style.setProperty(property, text);
    else if (name === "value" || name === "checked" || name === "selected") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const each of children.flat(Infinity)) {
    if (each === undefined || each === null || each === false) continue;
    made.append(each instanceof Node ? each : document.createTextNode(String(each)));
  }
  return made;
}

/** An element: h("p", {class: "note"}, "text", otherElement). */
export function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  // A select takes its value once its options are there.
  if (tag === "select" && attributes && "value" in attributes) {
    const { value, ...others } = attributes;
    fill(made, others, children).value = value;
    return made;
  }
  return fill(made, attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts other content into an element. */
export function show(into, ...children) {
  into.replaceChildren();
  return fill(into, null, children);
}

const ICONS = {
  list: "M4 6h12M4 10h12M4 14h8",
  compose: "M4 16l1-4 8-8 3 3-8 8zM11 6l3 3",
  devices: "M6 2.500h8v15H6zM9 15h2",
  gateways: "M3 10h4l2-5 3 10 2-5h3",
  dead: "M3 5h14v10H3zM3 5.500l7 5.500 7-5.500",
  sun: "M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M15.700 4.300l-1.100 1.100M5.400 14.600l-1.100 1.100",
  moon: "M16 12.500A7 7 0 0 1 7.500 4a6.500 6.500 0 1 0 8.500 8.500z",
  out: "M8 4H4v12h4M9 10h8M14 7l3 3-3 3",
  back: "M12 5l-5 5 5 5",
  pause: "M7 5v10M13 5v10",
  play: "M7 5l8 5-8 5z",
  stop: "M6 6h8v8H6z",
  close: "M5 5l10 10M15 5L5 15",
  plus: "M10 4v12M4 10h12",
  send: "M3 10l14-6-5 13-3-5z",
  search: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM13 13l4 4",
  alert: "M10 3l8 14H2zM10 8v4M10 14.500v.1",
  check: "M4 10.500l4 4 8-9",
  empty: "M3 11l2-7h10l2 7v5H3zM3 11h4l1 2h4l1-2h4",
};

/** A small picture that says nothing to who cannot see it: the words beside it do. */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}

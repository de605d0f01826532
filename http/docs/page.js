// The page is whole without this: it only adds a field that narrows the list of routes.
const list = document.querySelector("nav");
const field = document.createElement("input");
field.type = "search";
field.placeholder = "Filter routes";
field.setAttribute("aria-label", "Filter routes");
field.addEventListener("input", () => {
  const wanted = field.value.toLowerCase();
  for (const each of list.querySelectorAll("li"))
    each.classList.toggle("hidden", !each.textContent.toLowerCase().includes(wanted));
});
list.prepend(field);

// Light or dark, before anything is drawn: as the system has it, unless its user chose.
"use strict";
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("pusher.theme");
  } catch {
    // Storage is switched off: the system's choice stands.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();

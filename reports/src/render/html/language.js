// Switches the language of a page: both are in it, one is hidden.
"use strict";
(() => {
  const root = document.documentElement;
  const buttons = Array.from(document.querySelectorAll("[data-show]"));
  const show = (language) => {
    root.dataset.language = language;
    root.lang = language === "chinese" ? "zh-CN" : "en";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.show === language));
  };
  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));
  for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
  show(root.dataset.language);
})();

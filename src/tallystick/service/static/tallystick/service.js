import { initAll } from "/static/govuk/govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// single keys, where a page offers them (data-key) and nothing is being typed: a press of the button that says so
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.closest("input, textarea, select")) return;
  document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});

// a part that changes while something is at work (data-live): asked for again, and put in its place; the whole page once it has ended
const part = document.querySelector("[data-live]");
const again = async () => {
  const text = await fetch(location.href).then((answer) => (answer.ok ? answer.text() : "")).catch(() => "");
  const fresh = text && new DOMParser().parseFromString(text, "text/html").getElementById(part.id);
  if (fresh && !("live" in fresh.dataset)) return location.reload();
  if (fresh && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
  setTimeout(again, 3000);
};
if (part) setTimeout(again, 3000);

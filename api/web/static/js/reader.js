// What a page does beyond links and forms: says what went wrong, marks opened papers as read, knows
// when there is no connection, and registers the page that is shown then.

const toast = document.querySelector(".toast");
const said = document.documentElement.dataset;
let clearing = 0;

function say(text) {
  toast.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => (toast.textContent = ""), 6000);
}

// A button that the answer replaced gives its focus to the one in its place.
let pressed = null;
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const acts = button?.closest?.(".acts");
  pressed = acts && { card: acts.parentElement, name: button.classList[0] };
});
document.addEventListener("htmx:after:swap", () => {
  if (pressed?.card.isConnected && document.activeElement === document.body) {
    pressed.card.querySelector(`.acts .${pressed.name}`)?.focus({ preventScroll: true });
  }
});

// A form that asks for a time zone begins with the reader's own.
for (const zones of document.querySelectorAll("select[data-own]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zones.options].some((one) => one.value === own)) zones.value = own;
}

// A search that takes a while says so.
const searching = document.querySelector(".searching");
if (searching) {
  const found = document.querySelector("#found");
  let slow = 0;
  let waiting = 0; // what is typed meanwhile ends the search before it
  document.addEventListener("htmx:before:request", (event) => {
    if (!event.target.closest("form.search")) return;
    waiting += 1;
    found.setAttribute("aria-busy", "true");
    slow ||= setTimeout(() => (searching.textContent = searching.dataset.say), 400);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!event.target.closest("form.search") || (waiting -= 1)) return;
    clearTimeout(slow);
    slow = 0;
    found.removeAttribute("aria-busy");
    searching.textContent = "";
  });
}

document.addEventListener("htmx:error", () => say(navigator.onLine ? said.sayFailed : said.sayOffline));
document.addEventListener("htmx:response:error", () => say(said.sayFailed));
addEventListener("offline", () => say(said.sayOffline));

// Who stays on a paper's page for two seconds has opened it to read it.
const opened = document.querySelector("article.paper .acts button.read[aria-pressed=false]");
if (opened) {
  setTimeout(() => document.visibilityState === "visible" && opened.isConnected && opened.click(), 2000);
}

if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/sw.js");

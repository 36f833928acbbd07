// Reading by keyboard. A key does nothing that a button or link of the page does not do too: it
// moves the focus, or presses what is there already.

const cards = () => [...document.querySelectorAll(".card")];
const dialog = document.querySelector("dialog.keys");
let waiting = "";

function here() {
  const focused = document.activeElement.closest?.(".card");
  return focused || null;
}

function go(card) {
  if (!card) return;
  card.querySelector("h2 a, h3 a, a")?.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = cards();
  const at = all.indexOf(here());
  if (at < 0) {
    // The first one that is in view, so that reading goes on where the eyes are.
    go(all.find((card) => card.getBoundingClientRect().bottom > 80) || all[0]);
    return;
  }
  go(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function section(by) {
  const all = [...document.querySelectorAll("main section[aria-labelledby]")];
  const current = here()?.closest("section");
  const at = all.indexOf(current);
  const next = all[at < 0 ? 0 : at + by];
  next?.scrollIntoView({ block: "start" });
  go(next?.querySelector(".card"));
}

function press(name) {
  const place = here() || document.querySelector("article.paper");
  const button = place?.querySelector(`.acts .${name}`);
  if (!button) return;
  const move = name === "hide" && here();
  button.click();
  if (move) step(1);
}

// On the page of labels: at the paper that is looked at, the one led to, or the first.
function judge(word) {
  const place = here() || document.querySelector(".card:target") || cards()[0];
  place?.querySelector(`button[name=word][value=${word}]`)?.click();
}

function open(target) {
  const place = here();
  const link = place?.querySelector("h2 a, h3 a") || document.querySelector("[data-original]");
  if (link) target ? window.open(link.href, target, "noopener") : link.click();
}

const does = {
  j: () => step(1),
  k: () => step(-1),
  t: () => section(1),
  T: () => section(-1),
  o: () => open(""),
  s: () => press("star"),
  l: () => press("later"),
  h: () => press("hide"),
  m: () => press("read"),
  y: () => judge("yes"),
  n: () => judge("no"),
  p: () => judge("pass"),
  "/": () => {
    const field = document.querySelector("input[type=search]");
    field ? field.focus() : location.assign("/search");
  },
  "?": () => (dialog.open ? dialog.close() : dialog.showModal()),
};
const places = { t: "/", o: "/topics", s: "/search", l: "/library", h: "/sources" };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (dialog?.open && event.key !== "?") return;
  if (waiting === "g") {
    waiting = "";
    if (places[event.key]) {
      event.preventDefault();
      location.assign(places[event.key]);
    }
    return;
  }
  if (event.key === "g") {
    waiting = "g";
    setTimeout(() => (waiting = ""), 1500);
    return;
  }
  const act = does[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}

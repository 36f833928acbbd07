// Light or dark by a button; without scripts the same is a link. The choice is kept in a cookie that
// the server reads, so that no page ever flashes in the other colours.

const root = document.documentElement;

for (const link of document.querySelectorAll("[data-theme-link]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const shown = root.dataset.theme || (dark ? "dark" : "light");
    const next = shown === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax${secure}`;
  });
}

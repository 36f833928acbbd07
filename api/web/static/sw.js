// Shows a page of its own when there is no connection; everything else goes to the server as ever.

const CACHE = "offline-1";
const PAGE = "/offline";

addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      const answer = await fetch(PAGE, { cache: "reload" });
      const sheets = [...(await answer.clone().text()).matchAll(/href="(\/static\/css\/[^"]+)"/g)];
      await cache.put(PAGE, answer);
      await cache.addAll(sheets.map((found) => found[1]));
      await skipWaiting();
    })(),
  );
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const asked = event.request;
  if (asked.mode === "navigate") {
    event.respondWith(fetch(asked).catch(() => caches.match(PAGE)));
  } else if (asked.method === "GET" && new URL(asked.url).pathname.startsWith("/static/css/")) {
    event.respondWith(fetch(asked).catch(() => caches.match(asked)));
  }
});

// Shows a page of its own when there is no connection; everything else goes to the server as ever.

const CACHE = "offline-1";
const PAGE = "/offline";

async function keep() {
  const cache = await caches.open(CACHE);
  const answer = await fetch(PAGE, { cache: "reload" });
  const sheets = [...(await answer.clone().text()).matchAll(/href="(\/static\/css\/[^"]+)"/g)];
  await cache.put(PAGE, answer);
  await cache.addAll(sheets.map((found) => found[1]));
}

// The page that is shown then speaks the language that was read last.
async function follow(answer) {
  const kept = await caches.match(PAGE);
  const said = answer.headers.get("Content-Language");
  if (said && said !== kept?.headers.get("Content-Language")) await keep();
}

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const asked = event.request;
  if (asked.mode === "navigate") {
    const answer = fetch(asked);
    event.respondWith(answer.catch(() => caches.match(PAGE)));
    event.waitUntil(answer.then(follow).catch(() => undefined));
  } else if (asked.method === "GET" && new URL(asked.url).pathname.startsWith("/static/css/")) {
    event.respondWith(fetch(asked).catch(() => caches.match(asked)));
  }
});

// The desk without a connection: pages that were seen stay readable, as they were. What is new always comes first.
"use strict";
const PAGES = "halles-desk-pages", FILES = "halles-desk-files", MOST = 120;
const DESK = /^\/portal\/[^/]+\/(queue\/|day\/|pick-list\/|orders\/([^/]+\/(pick-list\/|slip\/)?)?)?$/;
const DOOR = /^\/portal\/[^/]+\/(queue\/)?$/, HALF_A_DAY = 12 * 3600 * 1000;
const OLD = { ignoreSearch: true, ignoreVary: true };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (DESK.test(pathname)) event.respondWith(freshOrKept(event, request, PAGES));
  else if (pathname.startsWith("/static/")) event.respondWith(freshOrKept(event, request, FILES));
});

async function freshOrKept(event, request, name) {
  try {
    const answer = await fetch(request);
    // Signed out elsewhere, or of the team no more: nothing of the shop stays in this browser.
    const shut = answer.status === 401 || (DOOR.test(new URL(request.url).pathname) && [403, 404].includes(answer.status));
    if (shut) event.waitUntil(caches.delete(PAGES));
    if (answer.ok && !answer.redirected) event.waitUntil(keep(request, answer.clone(), name));
    return answer;
  } catch (error) {
    const kept = await (await caches.open(name)).match(request, OLD);
    if (kept && (name !== PAGES || Date.now() - Date.parse(kept.headers.get("Date")) < HALF_A_DAY)) return kept;
    throw error;
  }
}

async function keep(request, answer, name) {
  const cache = await caches.open(name);
  await cache.delete(request, OLD);
  await cache.put(request, answer);
  const kept = await cache.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST))) await cache.delete(old);
}

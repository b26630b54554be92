// A poor line: what is pressed is sent; where it cannot be, it is kept here and sent later. Its token `once` (one of a
// page: with the address it is one of a form) makes that
// harmless: the server does it one time, however often it comes. What it refuses by then stands on the desk.
(function () {
  "use strict";
  const header = document.querySelector("[data-desk-who]");
  if (!header || !("indexedDB" in window) || !("serviceWorker" in navigator)) return;
  const who = header.dataset.deskWho, LONGEST = 12000, AGAIN = 15000;
  const band = document.querySelector("[data-offline]"), count = document.querySelector("[data-waiting]");
  navigator.serviceWorker.register(header.dataset.deskWorker, { scope: "/portal/" }).catch(() => {});

  const store = (mode, act) => new Promise((resolve, reject) => {
    const opening = indexedDB.open("halles-desk", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("actions", { keyPath: "once" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction("actions", mode), asked = act(change.objectStore("actions"));
      change.oncomplete = () => { opening.result.close(); resolve(asked.result); };
      change.onerror = () => reject(change.error);
    };
  });
  const waiting = async () => (await store("readonly", (rows) => rows.getAll())).filter((row) => row.who === who).sort((a, b) => a.at - b.at);
  const send = (url, body, redirect) => fetch(url, { method: "POST", body, redirect, credentials: "same-origin", signal: AbortSignal.timeout(LONGEST) });

  const show = async (isOff) => {
    const rows = await waiting();
    if (band && isOff !== undefined) band.hidden = !isOff;
    if (!count) return;
    count.querySelector("span").textContent = rows.length;
    count.hidden = !rows.length;
  };
  const keep = async (url, body) => {
    await store("readwrite", (rows) => rows.put({ once: `${body.get("once")} ${url}`, who, url, body: body.toString(), at: Date.now() }));
    await show(true);
  };

  // An answer to an order: sent without leaving the page until it is known to have arrived.
  document.addEventListener("submit", async (event) => {
    const form = event.target, order = /^.*\/orders\/[^/]+\//.exec(form.action);
    if (event.defaultPrevented || form.method !== "post" || !order || !form.elements.once) return;
    event.preventDefault();
    if (form.dataset.sent) return; // the second click of a double click
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await send(form.action, body, "manual");
      if (answer.type === "opaqueredirect") location.assign(order[0]);
      else form.submit(); // refused, and nothing was changed: the page says why
    } catch {
      await keep(form.action, body);
      for (const button of form.querySelectorAll("button")) button.disabled = true;
      for (const button of document.querySelectorAll(`button[form="${form.id}"]`)) if (form.id) button.disabled = true;
    }
  });
  // A scan, and the polls that say whether there is a line.
  document.addEventListener("htmx:sendError", (event) => {
    const { target, requestConfig } = event.detail;
    if (requestConfig.verb !== "post") { show(true); return; }
    const body = new URLSearchParams();
    requestConfig.formData.forEach((value, name) => body.append(name, value));
    if (body.get("once") && target) keep(new URL(requestConfig.path, location.href).href, body);
  });
  document.addEventListener("htmx:afterOnLoad", () => { show(!navigator.onLine); });

  // One tab at a time, in the order in which it was pressed; what does not arrive stays.
  const flush = () => navigator.locks.request("halles-desk", { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    let sent = 0;
    for (const row of await waiting()) {
      const body = new URLSearchParams(row.body), token = document.querySelector("[name=csrfmiddlewaretoken]");
      body.set("queued", "1");
      if (token) body.set("csrfmiddlewaretoken", token.value);
      let answer;
      try { answer = await send(row.url, body, "follow"); } catch { break; }
      const arrived = new URL(answer.url).pathname.startsWith("/portal/") && (answer.ok || [404, 409, 422].includes(answer.status));
      if (!arrived) break;
      await store("readwrite", (rows) => rows.delete(row.once));
      sent += 1;
    }
    await show(sent ? false : undefined);
    const queue = document.getElementById("queue");
    if (sent && queue && window.htmx) window.htmx.trigger(queue, "again");
  });
  addEventListener("online", flush);
  setInterval(async () => { if ((await waiting()).length) flush(); }, AGAIN);
  show().then(flush);
})();

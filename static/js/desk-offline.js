// A poor line: what is pressed is sent; where it cannot be, it is kept here and sent later. Its token `once` makes that
// harmless: the server does it one time, however often it comes. The forms of a page share it: one of a form it is with
// the address. Only what is marked so is kept: a refund, say, is sent now or not at all. What the server refuses by then
// stands on the desk, where it says so (`Halles-Desk`), or here. What is pressed when the session has ended is kept as
// well, sent once the same person has signed in again, and named then.
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
  const mine = async () => (await store("readonly", (rows) => rows.getAll())).filter((row) => row.who === who).sort((a, b) => a.at - b.at);
  const waiting = async () => (await mine()).filter((row) => !row.refused);
  const take = (row) => store("readwrite", (rows) => rows.delete(row.once));
  const said = (row) => new URLSearchParams(row.body);
  const orderOf = (row) => /\/orders\/([^/]+)\//.exec(row.url)?.[1] || said(row).get("order") || row.url;
  const send = (url, body, redirect, headers) => fetch(url, { method: "POST", body, redirect, headers, credentials: "same-origin", signal: AbortSignal.timeout(LONGEST) });

  const show = async (isOff) => {
    const rows = await waiting();
    if (band && isOff !== undefined) band.hidden = !isOff;
    if (!count) return;
    count.querySelector("span").textContent = rows.length;
    count.hidden = !rows.length;
  };
  const refused = document.querySelector("[data-refused]");
  const showRefused = async () => {
    const rows = (await mine()).filter((row) => row.refused);
    if (!refused) return;
    refused.hidden = !rows.length;
    refused.querySelector("span").textContent = [...new Set(rows.map((row) => /\/orders\//.test(row.url) ? orderOf(row) : said(row).get("q")))].join(", ");
  };
  refused?.querySelector("button").addEventListener("click", async () => {
    for (const row of await mine()) if (row.refused) await take(row);
    await showRefused();
  });
  const signedOut = document.querySelector("[data-signed-out]"), late = document.querySelector("[data-sent-late]"), SENT = "halles-desk-sent";
  const sentLate = () => JSON.parse(sessionStorage.getItem(SENT) || "[]");
  const showLate = () => {
    if (!late) return;
    late.hidden = !sentLate().length;
    late.querySelector("span").textContent = [...new Set(sentLate())].join(", ");
  };
  late?.querySelector("button").addEventListener("click", () => { sessionStorage.removeItem(SENT); showLate(); });
  const shut = (isShut) => { if (signedOut) signedOut.hidden = !isShut; };
  const keep = async (url, body, isOff = true) => {
    await store("readwrite", (rows) => rows.put({ once: `${body.get("once")} ${url}`, who, url, body: body.toString(), at: Date.now(), late: !isOff }));
    await show(isOff);
  };

  // An answer to an order: sent without leaving the page until it is known to have arrived.
  document.addEventListener("submit", async (event) => {
    const form = event.target, order = /^.*\/orders\/[^/]+\//.exec(form.action);
    if (event.defaultPrevented || form.method !== "post" || !order || form.elements.once?.dataset?.held === undefined) return;
    event.preventDefault();
    if (form.dataset.sent) return; // the second click of a double click
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await send(form.action, body, "manual", { "Desk-Action": "1" });
      if (answer.status === 401) { // nobody is signed in here any more
        await keep(form.action, body, false);
        location.assign(signedOut.querySelector("a").href);
      } else if (answer.type === "opaqueredirect") location.assign(order[0]);
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

  // A token as a page would bear it now; false where another person, or nobody, is signed in here by now.
  let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  const renew = async (row) => {
    const answer = await fetch(/^\/portal\/[^/]+\//.exec(new URL(row.url).pathname)[0], { credentials: "same-origin", signal: AbortSignal.timeout(LONGEST) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    token = page.querySelector("[name=csrfmiddlewaretoken]")?.value || token;
    shut(!answer.redirected ? false : !new URL(answer.url).pathname.startsWith("/portal/"));
    return page.querySelector("[data-desk-who]")?.dataset.deskWho === who;
  };
  const sendKept = (row) => {
    const body = said(row);
    body.set("queued", "1");
    if (token) body.set("csrfmiddlewaretoken", token);
    return send(row.url, body, "follow");
  };

  // One tab at a time, in the order in which it was pressed; what does not arrive stays, and holds its own order alone.
  const flush = () => navigator.locks.request("halles-desk", { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    const blocked = new Set();
    let sent = 0;
    for (const row of await waiting()) {
      if (blocked.has(orderOf(row))) continue;
      let answer;
      try {
        answer = await sendKept(row);
        if (answer.status === 403) { // refused, or the token of this page is from before somebody signed in
          if (!await renew(row)) break;
          answer = await sendKept(row);
        }
      } catch { break; }
      if (!new URL(answer.url).pathname.startsWith("/portal/")) { // to the door
        for (const each of await waiting()) await store("readwrite", (rows) => rows.put({ ...each, late: true }));
        shut(true);
        break;
      }
      shut(false);
      if (answer.ok || answer.headers.has("Halles-Desk")) {
        await take(row);
        sent += 1;
        if (row.late) sessionStorage.setItem(SENT, JSON.stringify([...sentLate(), orderOf(row)]));
      }
      else if ([403, 404, 409, 422].includes(answer.status)) await store("readwrite", (rows) => rows.put({ ...row, refused: true }));
      else blocked.add(orderOf(row));
    }
    await showRefused();
    showLate();
    await show(sent ? false : undefined);
    const queue = document.getElementById("queue");
    if (sent && queue && window.htmx) window.htmx.trigger(queue, "again");
  });
  addEventListener("online", flush);
  setInterval(async () => { if ((await waiting()).length) flush(); }, AGAIN);
  showLate();
  show().then(showRefused).then(flush);
})();

// Keys of the bottom actions, the scanner, printing, and the band that says the network is away.
// Everything here can be done without it.
(function () {
  "use strict";
  const OFF = "halles-keys-off";
  const scan = document.querySelector("[data-scan]");
  const keysSwitch = document.querySelector("[data-keys-switch]");
  const typing = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]");
  const keysAreOn = () => { try { return localStorage.getItem(OFF) !== "yes"; } catch { return true; } };

  // A scanner types faster than a hand, wherever the focus is: what it types goes to the scan field, letters too. A
  // single letter is the key of an action, done once no other key has followed it.
  const AT_ONCE = 60;
  let waiting = null;
  const toField = (text) => { scan.value = text; scan.focus(); };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) return;
    if (scan && waiting && /^[a-z0-9]$/i.test(event.key)) {
      event.preventDefault();
      clearTimeout(waiting.timer);
      toField(waiting.key + event.key);
      waiting = null;
      return;
    }
    if (!keysAreOn()) return;
    if (scan && (/^[0-9]$/.test(event.key) || event.key === "/")) {
      if (event.key === "/") event.preventDefault();
      toField("");
      return;
    }
    if (!/^[a-z]$/i.test(event.key)) return;
    event.preventDefault();
    const act = () => {
      waiting = null;
      const action = document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
      if (action) action.click();
    };
    if (waiting) clearTimeout(waiting.timer);
    waiting = { key: event.key, timer: setTimeout(act, AT_ONCE) };
  });

  // Scanned in an open order: the page stays, the field is empty for the next one, and each scan is one of its own.
  const scanForm = document.getElementById("scan-form");
  const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(36)).join("");
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target === scanForm) { event.detail.parameters.set("once", fresh()); scan.value = ""; }
  });

  // The seconds that are left to undo; then the queue is asked for again.
  const tick = () => {
    for (const left of document.querySelectorAll("[data-undo] [data-seconds]")) {
      const seconds = Number(left.textContent) - 1;
      if (seconds > 0) { left.textContent = seconds; continue; }
      left.closest("[data-undo]").remove();
      const queue = document.getElementById("queue");
      if (queue && window.htmx) setTimeout(() => window.htmx.trigger(queue, "again"), 1500);
    }
  };
  setInterval(tick, 1000);

  // "Decline…" of the bottom bar opens the first line that is not answered.
  const openDecline = () => {
    const form = /^#decline-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!form) return;
    form.closest("details").open = true;
    form.scrollIntoView({ block: "center" });
    form.querySelector("input:not([type=hidden])").focus({ preventScroll: true });
  };
  addEventListener("hashchange", openDecline);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#decline-"]');
    if (link && link.hash === location.hash) openDecline();
  });
  openDecline();

  // The second click of a double click goes nowhere (the server would see it for what it is, too).
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || event.target === scanForm || event.submitter?.name) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));

  // What is ticked in the queue stays so when it is asked for anew.
  let ticked = [];
  const boxes = () => Array.from(document.querySelectorAll("#queue [name=chosen]"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "queue") ticked = boxes().filter((box) => box.checked).map((box) => box.value);
  });
  // When something comes: a sound or a message of the browser, where somebody here wants it. Each kind bears the key of
  // its newest, shown or not, which only grows; what one tab has told no other tells, nor this one after the next page.
  const wants = (what) => { try { return localStorage.getItem(`halles-${what}`) === "yes"; } catch { return false; } };
  const HEARD = `halles-heard-${location.pathname.split("/")[2]}`;
  const compare = () => {
    const came = [], kept = localStorage.getItem(HEARD), heard = JSON.parse(kept || "{}");
    for (const group of document.querySelectorAll("#queue [data-newest]")) {
      const { kind, newest } = group.dataset;
      if (Number(newest) <= (heard[kind] || 0)) continue;
      heard[kind] = Number(newest);
      if (kept) came.push(group.querySelector("[data-heading]").textContent); // the first time all of it is known
    }
    localStorage.setItem(HEARD, JSON.stringify(heard));
    return came;
  };
  const whatCame = async () => {
    try { return navigator.locks ? await navigator.locks.request("halles-heard", compare) : compare(); } catch { return []; }
  };
  const ring = () => {
    const sound = new AudioContext(), tone = sound.createOscillator();
    tone.frequency.value = 880;
    tone.connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + .2);
    tone.onended = () => sound.close();
  };
  const tell = async () => {
    const came = await whatCame(), note = document.querySelector("[data-alert=note]");
    if (!came.length || !note) return;
    if (wants("sound")) ring();
    if (wants("note") && window.Notification?.permission === "granted") new Notification(note.dataset.said, { body: came.join(", ") });
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "queue") return;
    for (const box of boxes()) box.checked = ticked.includes(box.value);
    tell();
  });
  if (document.getElementById("queue")) tell();
  for (const box of document.querySelectorAll("[data-alert]")) {
    box.closest("[data-alerts]").hidden = false;
    if (box.dataset.alert === "note" && !("Notification" in window)) { box.closest("label").hidden = true; continue; }
    box.checked = wants(box.dataset.alert);
    box.addEventListener("change", async () => {
      if (box.checked && box.dataset.alert === "note") box.checked = await Notification.requestPermission() === "granted";
      if (box.checked && box.dataset.alert === "sound") ring();
      try { localStorage.setItem(`halles-${box.dataset.alert}`, box.checked ? "yes" : "no"); } catch { /* not kept */ }
    });
  }

  if (keysSwitch) {
    const box = keysSwitch.querySelector("input");
    keysSwitch.hidden = false;
    box.checked = keysAreOn();
    box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "no" : "yes"); } catch { /* not kept */ } });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  const band = document.querySelector("[data-offline]");
  const showBand = () => { if (band) band.hidden = navigator.onLine; };
  addEventListener("offline", showBand);
  addEventListener("online", showBand);
  showBand();
  for (const menu of document.querySelectorAll("[data-closes]")) {
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
  }
})();

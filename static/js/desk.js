// Keys of the bottom actions, the scanner, printing, and the band that says the network is away.
// Everything here can be done without it.
(function () {
  "use strict";
  const OFF = "halles-keys-off";
  const scan = document.querySelector("[data-scan]");
  const keysSwitch = document.querySelector("[data-keys-switch]");
  const typing = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]");
  const keysAreOn = () => { try { return localStorage.getItem(OFF) !== "yes"; } catch { return true; } };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || !keysAreOn()) return;
    // A scanner types digits wherever the focus is: they go to the scan field.
    if (scan && (/^[0-9]$/.test(event.key) || event.key === "/")) {
      if (event.key === "/") event.preventDefault();
      scan.value = "";
      scan.focus();
      return;
    }
    const action = /^[a-z]$/i.test(event.key) && document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (action) {
      event.preventDefault();
      action.click();
    }
  });

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
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));

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

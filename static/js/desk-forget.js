// Whoever signs out, or comes to sign in, leaves no page of a shop's desk behind in this browser. What was pressed there
// and waits for the line is counted before somebody signs out, and gone after: nobody else could send it.
(function () {
  "use strict";
  if ("caches" in window) caches.delete("halles-desk-pages");
  const unsent = document.querySelector("[data-unsent]"), form = unsent?.closest("form");
  if (!form || !("indexedDB" in window)) return;
  const opening = indexedDB.open("halles-desk", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("actions", { keyPath: "once" });
  opening.onsuccess = () => {
    const asked = opening.result.transaction("actions").objectStore("actions").getAll();
    asked.onsuccess = () => {
      opening.result.close();
      const count = asked.result.filter((row) => !row.refused).length;
      unsent.querySelector("span").textContent = count;
      unsent.hidden = !count;
    };
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const gone = indexedDB.deleteDatabase("halles-desk");
    gone.onsuccess = gone.onerror = gone.onblocked = () => form.submit();
  });
})();

// A camera that reads bar codes, where the browser can. Without it a scanner or a thumb types the number.
(function () {
  "use strict";
  const form = document.querySelector("[data-own-scan]");
  if (!form) return;
  const field = form.querySelector("input[name=number]");
  const button = form.querySelector("[data-camera]");
  const view = form.querySelector("[data-camera-view]");
  const said = form.querySelector("[data-camera-said]");
  const LONGEST = 30_000; // milliseconds

  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let stream;
    said.textContent = "";
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const detector = new BarcodeDetector({ formats: ["ean_13", "ean_8", "upc_a"] });
      view.srcObject = stream;
      view.hidden = false;
      await view.play();
      const until = Date.now() + LONGEST;
      while (Date.now() < until) {
        const [found] = await detector.detect(view);
        if (found) {
          field.value = found.rawValue;
          form.requestSubmit();
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      said.textContent = said.dataset.none;
    } catch {
      said.textContent = said.dataset.refused;
    } finally {
      view.hidden = true;
      if (stream) stream.getTracks().forEach((track) => track.stop());
    }
  });
})();

// A camera that reads bar codes. The browser reads them itself where it can; elsewhere (iPhones, Firefox) a library does,
// fetched when a camera is opened for the first time. Without a camera a scanner or a thumb types the number.
(function () {
  "use strict";
  const LONGEST = 30_000, PAUSE = 120, WIDEST = 800; // milliseconds; pixels of what the library looks at
  const library = document.currentScript.dataset.reader;
  if (!navigator.mediaDevices?.getUserMedia) return;

  const native = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const wanted = ["ean_13", "ean_8", "upc_a"], known = await BarcodeDetector.getSupportedFormats();
    const formats = wanted.filter((format) => known.includes(format));
    if (!formats.includes("ean_13")) return null;
    const detector = new BarcodeDetector({ formats });
    return async (view) => (await detector.detect(view))[0]?.rawValue;
  };
  const fetched = () => new Promise((resolve, reject) => {
    if (window.ZXing) { resolve(window.ZXing); return; }
    const script = document.createElement("script");
    script.src = library;
    script.onload = () => resolve(window.ZXing);
    script.onerror = reject;
    document.head.append(script);
  });
  const written = async () => {
    const { BarcodeFormat, BinaryBitmap, DecodeHintType, HTMLCanvasElementLuminanceSource, HybridBinarizer, MultiFormatOneDReader } = await fetched();
    const formats = [BarcodeFormat.EAN_13, BarcodeFormat.EAN_8, BarcodeFormat.UPC_A];
    const reader = new MultiFormatOneDReader(new Map([[DecodeHintType.POSSIBLE_FORMATS, formats]]));
    const canvas = document.createElement("canvas"), drawing = canvas.getContext("2d", { willReadFrequently: true });
    return async (view) => {
      const scale = Math.min(1, WIDEST / view.videoWidth);
      canvas.width = Math.round(view.videoWidth * scale);
      canvas.height = Math.round(view.videoHeight * scale);
      drawing.drawImage(view, 0, 0, canvas.width, canvas.height);
      try {
        return reader.decode(new BinaryBitmap(new HybridBinarizer(new HTMLCanvasElementLuminanceSource(canvas)))).getText();
      } catch { return undefined; } // nothing in this picture
    };
  };

  for (const form of document.querySelectorAll("[data-camera-form]")) {
    const field = form.querySelector("[data-camera-field]"), button = form.querySelector("[data-camera]");
    const view = document.getElementById(button.dataset.camera), said = view.nextElementSibling;
    let stream = null;
    const shut = () => {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      view.hidden = true;
      button.setAttribute("aria-expanded", "false");
    };
    // What is read twice running is taken: a single picture may be misread.
    const read = async () => {
      const look = await native() || await written(), until = Date.now() + LONGEST;
      let before;
      while (stream && Date.now() < until) {
        const text = view.readyState >= 2 ? await look(view) : undefined;
        if (text && text === before) return text;
        before = text || before;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      return undefined;
    };
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (stream) { shut(); return; }
      said.textContent = "";
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
        view.srcObject = stream;
        view.hidden = false;
        button.setAttribute("aria-expanded", "true");
        await view.play();
        const text = await read();
        if (text) {
          field.value = text;
          form.requestSubmit();
        } else if (stream) said.textContent = said.dataset.none;
      } catch {
        said.textContent = said.dataset.shut;
      } finally { shut(); }
    });
  }
})();

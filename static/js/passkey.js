// The button that signs in by a passkey does nothing without: it shows where a browser has them.
"use strict";
if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = false;
}

/* "Use my position" on the place form: asks the browser, and only then; fills the two hidden fields with what is rounded
   to about a kilometre, and sends the form. The exact position never leaves the browser. */
"use strict";

const button = document.getElementById("locate");

if (button && "geolocation" in navigator) {
  const form = document.getElementById("place-form");
  const said = document.getElementById("locate-said");
  button.hidden = false;
  // What is typed counts, also where the browser has kept a position in a form that one comes back to.
  form.elements.where.addEventListener("input", () => {
    form.elements.latitude.value = form.elements.longitude.value = "";
  });
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      (found) => {
        form.elements.latitude.value = found.coords.latitude.toFixed(2);
        form.elements.longitude.value = found.coords.longitude.toFixed(2);
        form.requestSubmit();
      },
      () => {
        said.textContent = button.dataset.failed;
      },
      { maximumAge: 600000, timeout: 10000 },
    );
  });
}

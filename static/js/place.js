/* "Use my position" on the place form: asks the browser, fills the two hidden fields, sends the form. */
"use strict";

const button = document.getElementById("locate");

if (button && "geolocation" in navigator) {
  const form = document.getElementById("place-form");
  const said = document.getElementById("locate-said");
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      (found) => {
        form.elements.latitude.value = found.coords.latitude;
        form.elements.longitude.value = found.coords.longitude;
        form.requestSubmit();
      },
      () => {
        said.textContent = button.dataset.failed;
      },
      { maximumAge: 600000, timeout: 10000 },
    );
  });
}

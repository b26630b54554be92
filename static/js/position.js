/* "I am in the shop": asks the browser where it is, and only then; fills latitude and longitude. Nothing is sent before
   the person saves. */
"use strict";

const line = document.querySelector("[data-position]");

if (line && "geolocation" in navigator) {
  const said = line.querySelector("[role=status]");
  line.hidden = false;
  line.querySelector("button").addEventListener("click", () => {
    said.textContent = "";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        document.getElementById("id_latitude").value = coords.latitude.toFixed(5);
        document.getElementById("id_longitude").value = coords.longitude.toFixed(5);
      },
      () => {
        said.textContent = said.dataset.failed;
      },
      { enableHighAccuracy: true, timeout: 10000 },
    );
  });
}

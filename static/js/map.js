/* The map beside the list of shops: every shop of the list that has a position becomes a pin with the list's own number.
   Without tiles the ground is plain, with the names of the larger towns. Without this file the list stands alone. */
"use strict";

const box = document.getElementById("map");

function text(words) {
  const content = document.createElement("span");
  content.textContent = words;
  return content;
}

function pin(className, size, words) {
  return L.divIcon({ className, html: text(words), iconSize: [size, size] });
}

function popup(item) {
  const content = document.createElement("div");
  for (const part of item.querySelectorAll(".shop-card > :not(button)")) {
    const line = document.createElement("p");
    line.className = part.className;
    line.append(...part.cloneNode(true).childNodes);
    content.append(line);
  }
  return content;
}

/* Names of towns, the largest first, as many as fit without touching one another or a pin; beside a pin, to its right or
   below it. */
function nameTowns(map, layer, towns, pins) {
  layer.clearLayers();
  const point = (at) => map.latLngToContainerPoint(at);
  const size = map.getSize();
  const taken = pins.map(point).map(({ x, y }) => ({ left: x - 20, right: x + 20, top: y - 20, bottom: y + 20 }));
  const free = (one) =>
    one.left > 0 && one.top > 0 && one.right < size.x && one.bottom < size.y - 24 &&
    !taken.some((other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom);
  for (const [name, latitude, longitude] of towns) {
    const { x, y } = point([latitude, longitude]);
    const long = 14 + name.length * 7.5;
    const places = [[0, 0], [24, 0], [-long / 2, 30], [-long / 2, -30]].map(([right, down]) => ({
      right: x + right + long, left: x + right, top: y + down - 9, bottom: y + down + 9, shift: [-right, 9 - down],
    }));
    const fit = places.find(free);
    if (!fit) continue;
    taken.push(fit);
    const icon = L.divIcon({ className: "map-town", html: text(name), iconSize: [long, 18], iconAnchor: fit.shift });
    L.marker([latitude, longitude], { icon, interactive: false, keyboard: false }).addTo(layer);
  }
}

function draw() {
  const said = box.dataset;
  const quiet = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.hidden = false;
  const map = L.map(box, {
    zoomControl: false, attributionControl: false, maxZoom: 18, minZoom: 3,
    fadeAnimation: !quiet, zoomAnimation: !quiet, markerZoomAnimation: !quiet, scrollWheelZoom: false,
  });
  L.control.zoom({ zoomInTitle: said.zoomIn, zoomOutTitle: said.zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  L.control.attribution({ prefix: false }).addAttribution(said.attribution ?? "").addTo(map);

  const shops = L.markerClusterGroup({
    showCoverageOnHover: false, animate: !quiet, maxClusterRadius: 36,
    iconCreateFunction: (cluster) => pin("badge map-cluster", 40, String(cluster.getChildCount())),
  });
  const pins = [];
  document.querySelectorAll(".map-shop").forEach((item, index) => {
    if (!item.dataset.latitude) return;
    const at = [Number(item.dataset.latitude), Number(item.dataset.longitude)];
    const { name } = item.dataset;
    const marker = L.marker(at, { icon: pin("badge map-pin", 28, String(index + 1)), title: name });
    marker.on("add", () => marker.getElement().setAttribute("aria-label", `${index + 1}: ${name}`));
    marker.bindPopup(() => popup(item), { maxWidth: 200, minWidth: 160, autoPanPaddingTopLeft: [64, 12] });
    shops.addLayer(marker);
    pins.push(at);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-quiet";
    button.textContent = said.show;
    button.addEventListener("click", () => {
      box.scrollIntoView({ block: "nearest", behavior: quiet ? "auto" : "smooth" });
      shops.zoomToShowLayer(marker, () => marker.openPopup());
    });
    item.querySelector(".shop-card").append(button);
  });
  map.addLayer(shops);
  map.on("popupopen", (event) => event.popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", said.close));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") map.closePopup(); // also while a pin or a link has the focus, not the map itself
  });
  map.on("layeradd", ({ layer }) => {
    const element = layer instanceof L.MarkerCluster && layer.getElement();
    if (element) element.setAttribute("aria-label", `${layer.getChildCount()} ${said.cluster}`);
  });

  const seen = [...pins];
  if (said.latitude) {
    const here = [Number(said.latitude), Number(said.longitude)];
    L.circleMarker(here, { radius: 7, fillOpacity: 1, interactive: false }).addTo(map);
    seen.push(here);
    if (said.km) {
      const bounds = L.latLng(here).toBounds(said.km * 2000);
      seen.push(bounds.getNorthWest(), bounds.getSouthEast());
      L.circle(here, { radius: said.km * 1000, weight: 1, fillOpacity: 0.08, interactive: false }).addTo(map);
    }
  }
  if (said.tiles) {
    L.tileLayer(said.tiles, { maxZoom: 18, referrerPolicy: "origin" }).addTo(map);
  } else {
    const names = L.layerGroup().addTo(map);
    map.on("moveend", () => nameTowns(map, names, JSON.parse(said.towns), seen.slice(0, pins.length + 1)));
  }
  map.on("focus", () => map.scrollWheelZoom.enable()); // the wheel scrolls the page until the map is used
  map.on("blur", () => map.scrollWheelZoom.disable());
  map.fitBounds(seen, { padding: [32, 32], maxZoom: 14 });
}

if (box && "L" in window && document.querySelector(".map-shop[data-latitude]")) draw();

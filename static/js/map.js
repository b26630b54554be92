/* The map beside the list of shops: every shop of the list that has a position becomes a pin with the list's own number.
   Without tiles the ground is plain, with the names of the larger towns. Without this file the list stands alone. */
"use strict";

const box = document.getElementById("map");

function pin(className, size, text) {
  const content = document.createElement("span");
  content.textContent = text;
  return L.divIcon({ className, html: content, iconSize: [size, size] });
}

function popup(item) {
  const content = document.createElement("div");
  for (const part of item.querySelector(".shop-card").children) {
    if (part.matches("button")) continue;
    const line = document.createElement("p");
    line.className = part.matches("h2") ? "map-name" : part.className;
    line.append(...part.cloneNode(true).childNodes);
    content.append(line);
  }
  return content;
}

/* Names of towns, the largest first, as many as fit without touching one another or a pin. */
function nameTowns(map, layer, towns, pins) {
  layer.clearLayers();
  const taken = pins.map((one) => map.latLngToContainerPoint(one));
  const sides = map.getSize();
  for (const [name, latitude, longitude] of towns) {
    const at = map.latLngToContainerPoint([latitude, longitude]);
    const long = 12 + name.length * 7;
    if (at.x < 0 || at.y < 0 || at.x + long > sides.x || at.y > sides.y) continue;
    const touches = (one) => Math.abs(one.y - at.y) < 26 && one.x < at.x + long + 20 && at.x < one.x + (one.long ?? 20);
    if (taken.some(touches)) continue;
    taken.push({ x: at.x, y: at.y, long });
    const label = pin("map-town", 0, name);
    label.options.iconSize = [long, 16];
    label.options.iconAnchor = [2, 8];
    L.marker([latitude, longitude], { icon: label, interactive: false, keyboard: false }).addTo(layer);
  }
}

function draw() {
  const said = box.dataset;
  const quiet = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.hidden = false;
  const map = L.map(box, {
    zoomControl: false, attributionControl: false, maxZoom: 18, minZoom: 3,
    fadeAnimation: !quiet, zoomAnimation: !quiet, markerZoomAnimation: !quiet, scrollWheelZoom: true,
  });
  L.control.zoom({ zoomInTitle: said.zoomIn, zoomOutTitle: said.zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  L.control.attribution({ prefix: false }).addAttribution(said.attribution ?? "").addTo(map);

  const shops = L.markerClusterGroup({
    showCoverageOnHover: false, animate: !quiet, maxClusterRadius: 36,
    iconCreateFunction: (cluster) => pin("map-cluster", 40, String(cluster.getChildCount())),
  });
  const pins = [];
  document.querySelectorAll(".map-shop").forEach((item, index) => {
    if (!item.dataset.latitude) return;
    const at = [Number(item.dataset.latitude), Number(item.dataset.longitude)];
    const marker = L.marker(at, { icon: pin("map-pin", 28, String(index + 1)), title: item.dataset.name, alt: item.dataset.name });
    marker.bindPopup(() => popup(item), { maxWidth: 260, minWidth: 160 });
    shops.addLayer(marker);
    pins.push(at);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-quiet map-show";
    button.textContent = said.show;
    button.addEventListener("click", () => {
      box.scrollIntoView({ block: "nearest", behavior: quiet ? "auto" : "smooth" });
      shops.zoomToShowLayer(marker, () => marker.openPopup());
    });
    item.querySelector(".shop-card").append(button);
  });
  map.addLayer(shops);
  map.on("popupopen", (event) => event.popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", said.close));
  map.on("layeradd", ({ layer }) => {
    const element = layer instanceof L.MarkerCluster && layer.getElement();
    if (element) element.setAttribute("aria-label", `${layer.getChildCount()} ${said.cluster}`);
  });

  const seen = [...pins];
  if (said.latitude) {
    const here = [Number(said.latitude), Number(said.longitude)];
    L.marker(here, { icon: pin("map-place", 20, ""), title: said.place, alt: said.place, keyboard: false }).addTo(map);
    const circle = said.km && L.circle(here, { radius: said.km * 1000, className: "map-radius", weight: 1, interactive: false }).addTo(map);
    if (circle) seen.push(circle.getBounds().getNorthWest(), circle.getBounds().getSouthEast());
    else seen.push(here);
  }
  if (said.tiles) {
    L.tileLayer(said.tiles, { maxZoom: 18, referrerPolicy: "origin" }).addTo(map);
  } else {
    const names = L.layerGroup().addTo(map);
    map.on("moveend", () => nameTowns(map, names, JSON.parse(said.towns), pins));
  }
  map.fitBounds(seen, { padding: [32, 32], maxZoom: 14 });
}

if (box && "L" in window && document.querySelector(".map-shop[data-latitude]")) draw();

// Come back to out of the browser's memory: asked for anew, since whoever sits here may have signed out meanwhile.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.documentElement.hidden = true;
  location.reload();
});

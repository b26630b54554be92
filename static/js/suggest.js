/* Suggestions below the search box and below a place: the combobox pattern of the ARIA practices (list, no automatic
   choice). An option leads to its address, or fills the box with its value. Without this file the box is a plain one. */
"use strict";

for (const form of document.querySelectorAll("[data-suggest]")) {
  const input = form.querySelector("input[data-list-label]");
  const list = document.createElement("div");
  const said = document.createElement("p");
  let request = null;
  let timer = 0;
  let shownFor = "";
  let active = -1;

  list.id = `${input.id}-list`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.listLabel);
  list.hidden = true;
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  form.append(list, said);
  input.removeAttribute("list"); // the browser's own, for when this file is missing
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  const options = () => Array.from(list.querySelectorAll("[role=option]"));

  function open(found) {
    list.hidden = !found;
    input.setAttribute("aria-expanded", String(Boolean(found)));
  }

  function close() {
    request?.abort();
    clearTimeout(timer);
    open(0);
    mark(-1);
  }

  function choose(option) {
    if (option.dataset.href) {
      window.location.assign(option.dataset.href);
    } else {
      input.value = option.dataset.value;
      close();
    }
  }

  function mark(next) {
    const all = options();
    active = next;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
    } else {
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    }
  }

  async function ask(typed) {
    request?.abort();
    request = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: request.signal });
      if (!answer.ok || input.value.trim() !== typed || document.activeElement !== input) return;
      list.innerHTML = await answer.text();
      shownFor = typed;
      const found = options().length;
      options().forEach((option, place) => (option.id = `${list.id}-${place}`)); // a page can have two boxes
      open(found);
      mark(-1);
      said.textContent = found ? `${found} ${input.dataset.saidSome}` : input.dataset.saidNone;
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => {
    const typed = input.value.trim();
    clearTimeout(timer);
    mark(-1);
    if (typed.length < 2) {
      close();
      return;
    }
    timer = setTimeout(() => ask(typed), 120);
  });

  input.addEventListener("keydown", (event) => {
    const last = options().length - 1;
    const down = event.key === "ArrowDown";
    if (event.key === "Escape" && !list.hidden) {
      close();
      event.preventDefault(); // the second press empties the box, as everywhere
    } else if (down || event.key === "ArrowUp") {
      if (event.altKey && !down) close();
      else if (list.hidden) {
        if (last < 0 || input.value.trim() !== shownFor) return;
        open(true);
        if (!event.altKey) mark(down ? 0 : last);
      } else if (!event.altKey) {
        const next = active + (down ? 1 : -1);
        mark(next > last ? -1 : next < -1 ? last : next);
      }
      event.preventDefault();
    } else if (["Home", "End", "ArrowLeft", "ArrowRight"].includes(event.key)) {
      mark(-1); // back in the text, where these keys move
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      choose(options()[active]);
    }
  });

  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  input.addEventListener("blur", close);
}

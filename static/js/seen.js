/* Titles looked at last, kept in this browser alone: nothing of it is sent anywhere. A title's page writes, a page with
   a place for them shows. Without this file there is no such shelf. */
"use strict";

{
  const NAME = "seen";
  const MOST = 12;
  const page = document.querySelector("[data-seen]");
  const shelf = document.getElementById("seen");

  function read() {
    try {
      const kept = JSON.parse(localStorage.getItem(NAME) || "[]");
      const good = (one) => one && typeof one.title === "string" && typeof one.address === "string" && one.address.startsWith("/catalogue/");
      return Array.isArray(kept) ? kept.filter(good).slice(0, MOST) : [];
    } catch {
      return [];
    }
  }

  function write(titles) {
    try {
      localStorage.setItem(NAME, JSON.stringify(titles.slice(0, MOST)));
    } catch {
      /* no room, or not allowed: then nothing is kept */
    }
  }

  const before = read();
  if (page) {
    const here = { title: page.dataset.seen, people: page.dataset.seenPeople, address: location.pathname.replace(/^\/at\/[^/]+/, "") };
    write([here, ...before.filter((one) => one.address !== here.address)]);
  }
  const shown = page ? before.filter((one) => one.address !== location.pathname.replace(/^\/at\/[^/]+/, "")) : before;
  if (shelf && shown.length) {
    const list = shelf.querySelector("ul");
    for (const one of shown) {
      const link = document.createElement("a");
      link.href = one.address;
      link.textContent = one.title;
      const item = document.createElement("li");
      item.className = "shelf-title";
      item.append(link);
      if (typeof one.people === "string" && one.people) {
        const people = document.createElement("p");
        people.textContent = one.people;
        item.append(people);
      }
      list.append(item);
    }
    shelf.hidden = false;
    shelf.querySelector("button").addEventListener("click", () => {
      localStorage.removeItem(NAME);
      shelf.hidden = true;
    });
  }
}

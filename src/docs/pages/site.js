"use strict";
// Search: every word has to be in the name or in what is said of it; names come first.
(() => {
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const entries = (typeof NAMES === "undefined" ? [] : NAMES).map(([name, kind, text, url]) =>
    ({ name, kind, text, url, lower: name.toLowerCase(), all: (name + " " + text).toLowerCase() }));
  const order = { source: 0, model: 0, seed: 0, column: 1, field: 1, test: 2 };
  let chosen = -1;
  const rank = (entry, query) =>
    (entry.lower === query ? 0 : entry.lower.endsWith("." + query) ? 1 : entry.lower.startsWith(query) ? 2 : entry.lower.includes(query) ? 3 : 5) + order[entry.kind] * 0.5;
  const choose = (index) => {
    const items = list.querySelectorAll("li[role=option]");
    if (!items.length) return;
    chosen = (index + items.length) % items.length;
    items.forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    items[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[chosen].id);
  };
  const show = () => {
    const query = input.value.trim().toLowerCase();
    const words = query.split(/\s+/).filter(Boolean);
    list.replaceChildren();
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    const found = words.length === 0 ? [] : entries
      .filter((entry) => words.every((word) => entry.all.includes(word)))
      .map((entry, at) => ({ entry, at, rank: rank(entry, query) }))
      .sort((one, other) => one.rank - other.rank || one.at - other.at);
    for (const [at, { entry }] of found.slice(0, 40).entries()) {
      const item = document.createElement("li");
      item.id = "found-" + at;
      item.setAttribute("role", "option");
      const link = document.createElement("a");
      link.href = entry.url;
      link.tabIndex = -1;
      const name = document.createElement("b");
      name.textContent = entry.name;
      const kind = document.createElement("span");
      kind.className = "tag";
      kind.textContent = entry.kind;
      const text = document.createElement("span");
      text.className = "soft";
      text.textContent = entry.text;
      link.append(name, " ", kind, text);
      item.append(link);
      list.append(item);
    }
    if (words.length && !found.length) {
      const item = document.createElement("li");
      item.className = "soft none";
      item.textContent = "nothing is found";
      list.append(item);
    }
    if (found.length > 40) {
      const item = document.createElement("li");
      item.className = "soft none";
      item.textContent = "and " + (found.length - 40) + " more";
      list.append(item);
    }
    list.hidden = words.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Enter") { (list.querySelectorAll("li[role=option] a")[Math.max(chosen, 0)] || input).click(); }
    else if (event.key === "Escape") { list.hidden = true; input.setAttribute("aria-expanded", "false"); }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#found a");
    if (link || !event.target.closest(".search")) { list.hidden = true; input.setAttribute("aria-expanded", "false"); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) { event.preventDefault(); input.focus(); }
  });
})();
// The graph: the lines of the box in focus or under the pointer stand out; the page's own box is brought into view.
for (const graph of document.querySelectorAll("svg.graph")) {
  const light = (box) => {
    graph.classList.toggle("lit", box !== null);
    for (const line of graph.querySelectorAll(".line")) {
      line.classList.toggle("on", box !== null && (line.dataset.from === box || line.dataset.to === box));
    }
  };
  for (const box of graph.querySelectorAll("a.box")) {
    box.addEventListener("mouseenter", () => light(box.dataset.box));
    box.addEventListener("focus", () => light(box.dataset.box));
    box.addEventListener("mouseleave", () => light(null));
    box.addEventListener("blur", () => light(null));
  }
  const current = graph.querySelector("a.current rect");
  if (current) {
    const canvas = graph.parentElement;
    canvas.scrollLeft = Number(current.getAttribute("x")) - canvas.clientWidth / 2 + Number(current.getAttribute("width")) / 2;
    canvas.scrollTop = Number(current.getAttribute("y")) - canvas.clientHeight / 2;
  }
}
const fit = document.getElementById("fit");
if (fit) {
  fit.hidden = false;
  fit.addEventListener("click", () => {
    const isFit = document.querySelector(".canvas").classList.toggle("fit");
    fit.setAttribute("aria-pressed", String(isFit));
  });
}
// A column that is linked to is opened.
const unfold = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target) target.querySelectorAll("details").forEach((part) => { part.open = true; });
};
addEventListener("hashchange", unfold);
unfold();

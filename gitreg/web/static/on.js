// Who held what on a date, where pages are files: the moves up to it are played again.
"use strict";
(() => {
  const { stages, first, moves } = JSON.parse(document.getElementById("moves").textContent);
  const form = document.getElementById("ask"), input = form.elements.date, table = document.getElementById("held"), answer = document.getElementById("answer"), none = document.getElementById("none");
  const make = (tag, attributes = {}, ...inner) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inner);
    return element;
  };
  const address = (model, page) => `models/${model.split("/").map(encodeURIComponent).join("/")}/${page}.html`;

  const held = (date) => {
    const end = `${date}T23:59:59Z`, found = new Map();
    for (const [counts, model, stage, number, version, at, by] of moves) {
      if (counts > end) break;
      if (!found.has(model)) found.set(model, new Map());
      number === null ? found.get(model).delete(stage) : found.get(model).set(stage, { number, version, at, by });
    }
    return [...found].filter(([, each]) => each.size).sort(([one], [other]) => (one < other ? -1 : 1));
  };
  const cell = (model, found) => {
    if (!found) return make("td", {}, make("span", { class: "none" }, "–"));
    const inner = make("td", {}, make("a", { class: "number", href: address(model, found.number) }, String(found.number)), " ");
    if (found.version && found.version !== String(found.number)) inner.append(make("span", { class: "name" }, found.version), " ");
    inner.append(make("span", { class: "since" }, make("time", { datetime: found.at, title: `${found.at.slice(0, 19).replace("T", " ")} UTC` }, found.at.slice(0, 10)), found.by ? ` by ${found.by.split(" <")[0]}` : ""));
    return inner;
  };
  const show = (date) => {
    const rows = held(date);
    answer.textContent = first && date < first.slice(0, 10) ? "The registry was not there yet." : `At the end of ${date}, UTC:`;
    table.tBodies[0].replaceChildren(...rows.map(([model, each]) => make("tr", {}, make("th", { scope: "row" }, make("a", { href: address(model, "index") }, model)), ...[...stages].reverse().map((stage) => cell(model, each.get(stage))))));
    table.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value) return;
    history.replaceState(null, "", `?date=${encodeURIComponent(input.value)}`);
    show(input.value);
  });
  input.addEventListener("change", () => form.requestSubmit());
  const asked = new URLSearchParams(location.search).get("date");
  if (asked && /^\d{4}-\d{2}-\d{2}$/.test(asked)) { input.value = asked; show(asked); }
})();

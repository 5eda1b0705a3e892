// Compare the versions that are chosen. Where pages are files the table is made here, from what the page holds; all of it as text.
"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const table = document.getElementById("side"), figure = document.getElementById("plot"), form = document.getElementById("choose");
  const byNumber = new Map(facts.all.map((each) => [each.number, each]));
  const asked = new URLSearchParams(location.search).getAll("v").map(Number).filter((each) => byNumber.has(each)).slice(0, 20);
  const numbers = asked.length && !facts.live ? [...new Set(asked)] : facts.numbers;
  const make = (tag, attributes = {}, ...inner) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inner);
    return element;
  };
  const text = (value) => value === undefined || value === null ? "–" : typeof value === "string" ? value : typeof value === "number" ? String(+value.toPrecision(6)) : JSON.stringify(value);
  const same = (values) => values.every((each) => JSON.stringify(each) === JSON.stringify(values[0]));
  const tone = (stage) => { const at = facts.stages.indexOf(stage); return at < 0 ? "archived" : ["goal", "near", "early"][Math.min(facts.stages.length - 1 - at, 2)]; };

  const rows = (chosen, group) => {
    const names = [...new Set(chosen.flatMap((each) => Object.keys(each[group])))];
    return names.map((name) => {
      const values = chosen.map((each) => Object.hasOwn(each[group], name) ? each[group][name] : null), alike = same(values), rule = Object.hasOwn(facts.rules, name) ? facts.rules[name] : null;
      const known = values.filter((each) => each !== null);
      const best = group === "metrics" && rule && !alike ? Math[rule === "higher" ? "max" : "min"](...known) : null;
      const head = make("th", { scope: "row" }, name);
      if (group === "metrics" && rule) head.append(make("abbr", { class: "way", title: `${rule} is better` }, rule === "higher" ? "↑" : "↓"));
      const cells = values.map((value) => {
        const digest = group === "artifacts" && value && /^[0-9a-f]{32,64}$/.test(value);
        const inner = value === null ? make("span", { class: "none" }, "–") : digest ? make("code", { title: value }, value.slice(0, 12)) : text(value);
        return make("td", { class: "text" + (best !== null && value === best ? " best" : "") }, inner);
      });
      return make("tr", { class: alike ? "same" : "differs" }, head, ...cells);
    });
  };

  const build = () => {
    const chosen = numbers.map((each) => byNumber.get(each));
    const heads = chosen.map((each) => {
      const cell = make("th", { scope: "col" }, make("a", { class: "number", href: `${each.number}.html` }, String(each.number)));
      if (each.version !== String(each.number)) cell.append(" ", make("span", { class: "name" }, each.version));
      if (each.stage) cell.append(" ", make("span", { class: `stage ${tone(each.stage)}` }, each.stage));
      return cell;
    });
    const groups = [["metrics", "Metrics"], ["params", "Parameters"], ["artifacts", "Artifacts"], ["links", "Links"]].map(([group, title]) => {
      const found = rows(chosen, group);
      return found.length ? make("tbody", {}, make("tr", { class: "group" }, make("th", { scope: "rowgroup", colspan: String(chosen.length + 1) }, title)), ...found) : "";
    });
    table.replaceChildren(make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "What"), ...heads)), ...groups.filter(Boolean));
    for (const box of form.querySelectorAll("input[name=v]")) box.checked = numbers.includes(Number(box.value));
  };

  const draw = () => {
    const metrics = facts.live ? Object.entries(facts.metrics).map(([name, row]) => [name, row.values]) : [...new Set(numbers.flatMap((each) => Object.keys(byNumber.get(each).metrics)))].map((name) => [name, numbers.map((each) => byNumber.get(each).metrics[name] ?? null)]);
    if (!figure) return;
    figure.classList.remove("awaited");
    if (metrics.length === 0 || numbers.length < 2 || !window.uPlot) return;
    figure.hidden = false;
    const style = getComputedStyle(document.documentElement), color = (name) => style.getPropertyValue(name).trim(), box = figure.querySelector(".canvas");
    const shown = metrics.slice(0, 24), largest = shown.map(([, values]) => Math.max(...values.map((each) => Math.abs(each ?? 0))) || 1);
    const colors = ["--accent", "--near", "--early", "--bad", "--soft"];
    const count = numbers.length;
    const series = numbers.map((number, index) => ({
      label: String(number), stroke: color(colors[index % colors.length]), fill: color(colors[index % colors.length]), width: 0, points: { show: false },
      paths: (u, at, from, to) => uPlot.paths.bars({ size: [0.8 / count, 40], disp: { x0: { unit: 1, values: () => shown.map((_each, x) => x - 0.4 + (index * 0.8) / count) }, size: { unit: 1, values: () => [(0.8 / count) * 0.9] } } })(u, at, from, to),
    }));
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    figure.plot?.destroy();
    figure.plot = new uPlot({
      width: box.clientWidth, height: box.clientHeight, legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
      scales: { x: { time: false, range: [-0.6, shown.length - 0.4] }, y: { range: (_u, low) => [Math.min(0, low), 1.05] } },
      axes: [
        { stroke: color("--soft"), font, size: 28, grid: { show: false }, ticks: { show: false }, splits: () => shown.map((_each, x) => x), values: () => shown.map(([name]) => name.length > 18 ? `${name.slice(0, 17)}…` : name) },
        { stroke: color("--soft"), font, size: 44, grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } },
      ],
      series: [{}, ...series],
    }, [shown.map((_each, x) => x), ...numbers.map((_number, index) => shown.map(([, values], at) => values[index] === null ? null : values[index] / largest[at]))], box);
    const key = figure.querySelector(".key") ?? figure.insertBefore(make("p", { class: "key" }), box);
    key.replaceChildren(...numbers.map((number, index) => make("span", { class: `swatch s${index % colors.length}` }, `version ${number}`)));
  };

  if (!facts.live) {
    if (asked.length && table) build();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = [...form.querySelectorAll("input[name=v]:checked")].map((each) => each.value);
      if (chosen.length) location.search = new URLSearchParams(chosen.map((each) => ["v", each])).toString();
    });
  }
  if (table) draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
})();

// Filter all of history, where pages are files: what is on other pages is read once, when somebody first types.
"use strict";
(() => {
  const MOST = 300; // entries that are shown: more of them nobody reads
  const label = document.querySelector("[data-history]");
  if (!label) return;
  const input = label.querySelector("input"), output = label.querySelector("output"), list = document.querySelector("#events > .events");
  const nothing = document.getElementById("events-nothing"), steps = document.querySelector(".steps"), page = [...list.childNodes];
  let groups = null, frame = 0, asked = false;
  const make = (tag, attributes, ...inner) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inner);
    return element;
  };
  const address = (model, file) => `../models/${model.split("/").map(encodeURIComponent).join("/")}/${file}.html`;
  const said = (event) => event.number && event.model ? make("a", { class: "said", href: address(event.model, event.number) }, event.text) : make("span", { class: "said" }, event.text);
  const written = ({ events }) => {
    const [first, ...others] = events, what = make("div", { class: "what" }), facts = make("div", { class: "facts" });
    if (first.model) what.append(make("a", { class: "model", href: address(first.model, "index") }, first.model), " ");
    what.append(said(first), ...first.forced.map((each) => make("span", { class: "status forced" }, `forced ${each}`)), ...others.slice(0, 5).map((each) => make("span", { class: "also" }, ", ", said(each))));
    if (others.length > 5) what.append(make("span", { class: "also" }, ` and ${others.length - 5} more`));
    if (first.at) facts.append(make("time", { datetime: first.at, title: `${first.at.slice(0, 19).replace("T", " ")} UTC` }, first.at.slice(0, 10)));
    if (first.by) facts.append(make("span", { title: first.by }, first.by.split(" <")[0]));
    if (first.commit) facts.append(make("code", { title: first.commit }, first.commit.slice(0, 12)));
    return make("li", {}, what, ...(first.reason ? [make("p", { class: "why" }, first.reason)] : []), facts);
  };
  const show = () => {
    frame = 0;
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    steps.hidden = words.length > 0;
    if (!words.length) {
      list.replaceChildren(...page);
      output.textContent = "";
      nothing.hidden = true;
      return;
    }
    const found = groups.filter(({ text }) => words.every((word) => text.includes(word)));
    list.replaceChildren(...found.slice(0, MOST).map(written));
    window.gitregDates?.(list);
    output.textContent = `${found.length.toLocaleString("en")} of ${groups.length.toLocaleString("en")}` + (found.length > MOST ? `, the newest ${MOST} shown` : "");
    nothing.hidden = found.length > 0;
  };
  const read = () => {
    const first = new Set(["promoted", "registered", "model_created"]);
    groups = [];
    for (const event of window.gitregEvents) {
      const last = groups.at(-1)?.events.at(-1);
      if (last && event.commit && last.commit === event.commit && last.model === event.model) groups.at(-1).events.push(event);
      else groups.push({ events: [event] });
    }
    for (const group of groups) {
      group.events.sort((one, other) => !first.has(one.event) - !first.has(other.event));
      group.text = group.events.map((each) => [each.model, each.text, each.by, each.reason, each.commit, each.at, ...each.forced].join(" ")).join(" ").toLowerCase();
    }
    show();
  };
  input.addEventListener("input", () => {
    if (groups) {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(show);
    } else if (!asked) {
      asked = true;
      const script = make("script", { src: "events.js" });
      script.addEventListener("load", read);
      document.head.append(script);
    }
  });
  if (input.value) input.dispatchEvent(new Event("input"));
})();

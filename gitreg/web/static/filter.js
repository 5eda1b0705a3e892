// Filter the rows of a table or list as one types. What each row says is read once; rows change only where the answer does,
// those at the top first and not too many at a time, so that thousands of them never hold up the next key.
"use strict";
(() => {
  const AT_ONCE = 3000; // rows that change before the page is drawn again
  for (const label of document.querySelectorAll("[data-filters]")) {
    const input = label.querySelector("input"), output = label.querySelector("output");
    const target = document.getElementById(label.dataset.filters), nothing = document.getElementById(`${label.dataset.filters}-nothing`);
    const rows = [...target.querySelectorAll("tbody > tr, .events > li")];
    let texts = null, wanted = "", frame = 0;
    const read = () => rows.map((row) => (row.textContent + " " + [...row.querySelectorAll("[title]")].map((each) => each.title).join(" ")).toLowerCase());
    const change = (keeps, from) => {
      let at = from;
      for (let changed = 0; at < rows.length && changed < AT_ONCE; at++) {
        if (rows[at].hidden === keeps[at]) { rows[at].hidden = !keeps[at]; changed++; }
      }
      frame = at < rows.length ? requestAnimationFrame(() => change(keeps, at)) : 0;
    };
    const apply = () => {
      texts ??= read();
      const words = wanted.split(/\s+/).filter(Boolean);
      const keeps = texts.map((text) => words.every((word) => text.includes(word)));
      const shown = keeps.reduce((count, keep) => count + keep, 0);
      output.textContent = words.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
      if (nothing) nothing.hidden = shown > 0 || rows.length === 0;
      change(keeps, 0);
    };
    input.addEventListener("input", () => {
      wanted = input.value.trim().toLowerCase();
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(apply);
    });
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    if (input.value) input.dispatchEvent(new Event("input"));
  }
})();

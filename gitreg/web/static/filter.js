// Filter the rows of a table or list as one types. What each row says is read once; rows change only where the answer does.
"use strict";
(() => {
  for (const label of document.querySelectorAll("[data-filters]")) {
    const input = label.querySelector("input"), output = label.querySelector("output");
    const target = document.getElementById(label.dataset.filters), nothing = document.getElementById(`${label.dataset.filters}-nothing`);
    const rows = [...target.querySelectorAll("tbody > tr, .events > li")];
    let texts = null, wanted = "", frame = 0;
    const read = () => rows.map((row) => (row.textContent + " " + [...row.querySelectorAll("[title]")].map((each) => each.title).join(" ")).toLowerCase());
    const apply = () => {
      frame = 0;
      texts ??= read();
      const words = wanted.split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, index) => {
        const keep = words.every((word) => texts[index].includes(word));
        if (row.hidden === keep) row.hidden = !keep;
        shown += keep;
      });
      output.textContent = words.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
      if (nothing) nothing.hidden = shown > 0 || rows.length === 0;
    };
    input.addEventListener("input", () => {
      wanted = input.value.trim().toLowerCase();
      frame ||= requestAnimationFrame(apply);
    });
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    if (input.value) input.dispatchEvent(new Event("input"));
  }
})();

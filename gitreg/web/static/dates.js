// Dates as people say them: "3 days ago". The exact moment stays on hover, and without scripts the day stands there.
"use strict";
(() => {
  const units = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const said = (seconds) => {
    if (seconds < 60) return seconds < -60 ? null : "just now";
    const [unit, size] = units.find(([, each]) => seconds >= each);
    const count = Math.floor(seconds / size);
    return count === 1 && unit === "day" ? "yesterday" : `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  };
  const write = (root) => {
    const now = Date.now();
    for (const time of root.querySelectorAll("time[datetime]")) {
      const words = said((now - Date.parse(time.dateTime)) / 1000);
      if (words) time.textContent = words;
    }
  };
  write(document);
  window.gitregDates = write;
})();

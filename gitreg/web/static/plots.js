// A plot of each metric over the versions, with the holders of stages marked. Drawn when it comes into sight.
"use strict";
(() => {
  const source = document.getElementById("plots");
  if (!source || !window.uPlot) return;
  const { metrics, stages, held } = JSON.parse(source.textContent);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tones = ["--goal", "--near", "--early"];
  const marks = [...stages].reverse().map((stage, index) => ({ stage, number: held[stage]?.number, tone: tones[Math.min(index, 2)] })).filter((each) => each.number);
  const brief = (value) => value == null ? "" : Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4) ? value.toExponential(1) : String(+value.toPrecision(5));

  const stagesPlugin = (points) => ({
    hooks: {
      draw: (u) => {
        const { ctx } = u, ratio = devicePixelRatio;
        for (const mark of marks) {
          const point = points.find(([number]) => number === mark.number);
          if (!point) continue;
          const x = u.valToPos(point[0], "x", true), y = u.valToPos(point[1], "y", true);
          ctx.save();
          ctx.strokeStyle = ctx.fillStyle = color(mark.tone);
          ctx.lineWidth = ratio;
          ctx.setLineDash([3 * ratio, 3 * ratio]);
          ctx.beginPath(); ctx.moveTo(x, u.bbox.top); ctx.lineTo(x, u.bbox.top + u.bbox.height); ctx.stroke();
          ctx.setLineDash([]);
          ctx.beginPath(); ctx.arc(x, y, 4 * ratio, 0, 2 * Math.PI); ctx.fill();
          ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
          const right = x > u.bbox.left + u.bbox.width / 2;
          ctx.textAlign = right ? "right" : "left";
          ctx.fillText(mark.stage, x + (right ? -5 : 5) * ratio, u.bbox.top + (9 + 12 * marks.indexOf(mark)) * ratio);
          ctx.restore();
        }
      },
    },
  });

  const draw = (figure) => {
    const name = figure.dataset.plot, metric = metrics[name], box = figure.querySelector(".canvas"), last = figure.querySelector(".last");
    const points = metric.points, shown = last.textContent;
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: `11px ${getComputedStyle(document.body).fontFamily}` };
    const lone = points.length === 1;
    const options = {
      width: box.clientWidth, height: box.clientHeight, legend: { show: false }, padding: [8, 10, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: false, range: (_u, low, high) => low === high ? [low - 1, high + 1] : [low, high] } },
      axes: [
        { ...axis, size: 24, gap: 3, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000], grid: { show: false } },
        { ...axis, size: 54, gap: 5, space: 30, values: (_u, ticks) => ticks.map(brief) },
      ],
      series: [{}, { stroke: color("--accent"), width: 1.6, points: { show: points.length <= 60 || lone, size: 5, fill: color("--accent") } }],
      plugins: [stagesPlugin(points)],
      hooks: { setCursor: [(u) => { const at = u.cursor.idx; last.textContent = at == null ? shown : `version ${points[at][0]}: ${brief(points[at][1])}`; }] },
    };
    figure.plot?.destroy();
    figure.plot = new uPlot(options, [points.map((each) => each[0]), points.map((each) => each[1])], box);
  };

  const figures = [...document.querySelectorAll(".plot[data-plot]")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "200px" });
  figures.forEach((each) => seen.observe(each));
  const again = () => figures.filter((each) => each.plot).forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let width = innerWidth, timer = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(timer);
    timer = setTimeout(again, 120);
  });
})();

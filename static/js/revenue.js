// The report of revenue as stacked bars; the table beneath has every figure, and stays alone without this script.
(() => {
  const box = document.getElementById("revenue-box");
  const data = document.getElementById("revenue-data");
  if (!box || !data || !window.uPlot) return;
  const { labels, ticks, prefix, digits, series } = JSON.parse(data.textContent);
  const chart = document.getElementById("revenue-chart");
  const said = document.getElementById("revenue-said");
  const legend = document.getElementById("revenue-legend");
  const names = [...legend.querySelectorAll("li")].map((item) => item.textContent.trim());
  const keys = [...legend.querySelectorAll(".key")];
  box.hidden = legend.hidden = false;

  // What is above zero is stacked upwards, what is below it downwards. Only the drawing needs numbers.
  const bars = labels.map((_, part) => {
    let up = 0;
    let down = 0;
    return series.map(({ values }) => {
      const value = Number(values[part]);
      const from = value < 0 ? down : up;
      if (value < 0) down += value;
      else up += value;
      return [from, from + value];
    });
  });
  const ends = bars.map((stack) => stack.flat());
  const places = labels.map((_, part) => part);
  const rows = [places, ends.map((all) => Math.max(0, ...all)), ends.map((all) => Math.min(0, ...all))];
  const round = new Intl.NumberFormat("en", { maximumFractionDigits: digits });
  const money = (value) => `${value < 0 ? "−" : ""}${prefix}${round.format(Math.abs(value))}`;
  const font = () => `${getComputedStyle(chart).fontSize} ${getComputedStyle(chart).fontFamily}`;
  const text = () => getComputedStyle(chart).color;
  const line = () => getComputedStyle(chart).borderTopColor;

  function drawBars(plot) {
    const { ctx } = plot;
    const width = Math.max(1, ((plot.bbox.width / labels.length) * 4) / 5);
    const edge = Math.max(1, Math.round(window.devicePixelRatio));
    const colors = keys.map((key) => getComputedStyle(key));
    ctx.save();
    bars.forEach((stack, part) => {
      const left = Math.round(plot.valToPos(part, "x", true) - width / 2);
      stack.forEach(([from, to], kind) => {
        if (from === to) return;
        const [a, b] = [plot.valToPos(from, "y", true), plot.valToPos(to, "y", true)];
        const top = Math.round(Math.min(a, b));
        const height = Math.max(edge, Math.round(Math.max(a, b)) - top);
        ctx.fillStyle = colors[kind].borderTopColor;
        ctx.fillRect(left, top, Math.round(width), height);
        if (height > 2 * edge && width > 3 * edge) {
          ctx.fillStyle = colors[kind].backgroundColor;
          ctx.fillRect(left + edge, top + edge, Math.round(width) - 2 * edge, height - 2 * edge);
        }
      });
    });
    ctx.restore();
  }

  function say(part) {
    const words = series.map(({ words }, kind) => `${names[kind]} ${words[part]}`);
    said.textContent = part == null ? said.dataset.hint : `${labels[part]}: ${words.join(" · ")}`;
  }

  const every = (width) => Math.max(1, Math.ceil(labels.length / Math.max(2, Math.floor(width / 80))));
  const plot = new window.uPlot(
    {
      width: chart.clientWidth,
      height: chart.clientHeight,
      padding: [8, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { time: false, range: () => [-0.5, labels.length - 0.5] },
        y: { range: (_, low, high) => [low * 1.08, high * 1.08 || 1] },
      },
      axes: [
        {
          stroke: text,
          font: font(),
          size: 28,
          grid: { show: false },
          ticks: { show: false },
          splits: (self) => places.filter((part) => part % every(self.width) === 0),
          values: (_, splits) => splits.map((part) => ticks[part]),
        },
        {
          stroke: text,
          font: font(),
          size: (_, values) => 16 + 7 * Math.max(2, ...(values ?? []).map((value) => value.length)),
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          values: (_, splits) => splits.map(money),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }, { paths: () => null, points: { show: false } }],
      hooks: { draw: [drawBars], setCursor: [(self) => say(self.cursor.idx)] },
    },
    rows,
    chart,
  );
  say(null);
  chart.dataset.bars = bars.length;

  new ResizeObserver(() => plot.setSize({ width: chart.clientWidth, height: chart.clientHeight })).observe(chart);
  const redraw = () => plot.redraw(false);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  document.fonts?.ready.then(redraw);
})();

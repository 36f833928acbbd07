// Draws a topic's charts with uPlot, from the tables behind them. A chart is for eyes: who cannot see
// it has the table, so that it is hidden from screen readers and out of the keyboard's way.

const { uPlot } = window;
const lang = document.documentElement.lang;
const count = new Intl.NumberFormat(lang);
const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 });
const month = new Intl.DateTimeFormat(lang, { month: "short", timeZone: "UTC" });
const year = new Intl.DateTimeFormat(lang, { year: "numeric", timeZone: "UTC" });
const STEPS = [1, 2, 5].flatMap((n) => [0.001, 0.01, 0.1, 1, 10, 100, 1e3, 1e4].map((by) => n * by)).sort((a, b) => a - b);
const colours = {};
const drawn = [];

// The theme's colours, as the browser works them out: what a variable says may be light-dark().
function look() {
  const probe = document.body.appendChild(document.createElement("i"));
  for (const name of ["ink", "soft", "line", "paper", "accent", "bar", "faint"]) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

const again = () => {
  look();
  for (const chart of drawn) chart.redraw();
};

// The rows of a table, oldest first; the numbers of its cells, null where there is none.
function read(table) {
  return [...table.tBodies[0].rows].reverse().map((row) => ({
    at: Date.parse(row.querySelector("time").dateTime) / 1000,
    numbers: [...row.cells].slice(1).map((cell) => cell.querySelector("data")?.value ?? null),
    tips: [...row.cells].slice(1).map((cell) => cell.dataset.tip),
    link: row.querySelector("a"),
    marks: row.dataset,
  }));
}

// Where months begin, as many as there is room for, with January in any case.
function months(u, axis, from, to) {
  const begins = [];
  for (let day = new Date(from * 1000), n = day.getUTCMonth() + 1; ; n++) {
    const at = Date.UTC(day.getUTCFullYear(), n) / 1000;
    if (at > to) break;
    begins.push(at);
  }
  const room = (u.width - 50) / 40;
  const every = [1, 2, 3, 4, 6].find((n) => begins.length / n <= room) ?? 12;
  return begins.filter((at) => new Date(at * 1000).getUTCMonth() % every === 0);
}

const named = (u, splits) =>
  splits.map((at, n) => {
    const first = n === 0 || new Date(at * 1000).getUTCMonth() === 0;
    return month.format(at * 1000) + (first ? `\n${year.format(at * 1000)}` : "");
  });

// One chart of bars. Each bar is {at, value, tip, href, fill, stroke}; they lie `step` seconds apart.
function draw(box, bars, { step, top, said, headroom, onDraw }) {
  const style = getComputedStyle(box);
  const font = `12px ${style.fontFamily}`;
  const axis = { font, stroke: () => colours.soft, ticks: { show: false }, border: { show: false } };
  const facet = (name) => ({ unit: 3, values: () => bars.map((bar) => colours[bar[name]]) });
  const chart = new uPlot(
    {
      width: box.clientWidth,
      height: box.clientHeight,
      padding: [headroom, 2, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [bars[0].at - step / 2, bars.at(-1).at + step / 2] },
        y: { range: () => [0, top] },
      },
      axes: [
        { ...axis, size: 34, gap: 4, grid: { show: false }, splits: months, values: named, border: { show: true, width: 1, stroke: () => colours.line } },
        { ...axis, size: 44, gap: 4, space: 26, incrs: said === count ? STEPS.filter((n) => n >= 1) : STEPS, grid: { width: 1, stroke: () => colours.line }, values: (u, splits) => splits.map((n) => said.format(n)) },
      ],
      series: [
        {},
        {
          width: 1,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.8, 60, 1], disp: { fill: facet("fill"), stroke: facet("stroke") } }),
        },
      ],
      hooks: onDraw ? { draw: [(u) => onDraw(u, font)] } : {},
    },
    [bars.map((bar) => bar.at), bars.map((bar) => bar.value)],
    box,
  );
  point(chart, bars, step);
  new ResizeObserver(() => {
    if (box.clientWidth) chart.setSize({ width: box.clientWidth, height: box.clientHeight });
  }).observe(box);
  drawn.push(chart);
}

// The bar at the pointer says its value, and a click follows its link, in whatever way the browser is told
// to. A finger covers several bars, so that its tap shows the value, and one on the value goes there.
function point(chart, bars, step) {
  const make = (parent, name, kind) => {
    const made = parent.appendChild(document.createElement(name));
    made.className = kind;
    return made;
  };
  const hit = make(chart.over, "a", "hit");
  const at = make(hit, "i", "at");
  const tip = make(hit, "span", "tip");
  hit.tabIndex = -1;
  hit.draggable = false;
  const hide = () => (at.hidden = tip.hidden = true);
  const show = (event) => {
    if (tip.contains(event.target)) return;
    const bar = bars[chart.posToIdx(event.clientX - hit.getBoundingClientRect().left)];
    const left = chart.valToPos(bar.at - step / 2, "x");
    const width = chart.valToPos(bar.at + step / 2, "x") - left;
    hit.classList.toggle("touched", event.pointerType === "touch");
    bar.href ? (hit.href = bar.href) : hit.removeAttribute("href");
    at.hidden = tip.hidden = false;
    tip.textContent = bar.tip;
    at.style.left = `${left}px`;
    at.style.width = `${width}px`;
    const least = 8 - hit.getBoundingClientRect().left;
    const most = least + document.documentElement.clientWidth - tip.offsetWidth - 16;
    tip.style.left = `${Math.max(least, Math.min(most, left + (width - tip.offsetWidth) / 2))}px`;
  };
  hide();
  for (const kind of ["pointerdown", "pointermove"]) hit.addEventListener(kind, show);
  hit.addEventListener("pointerleave", (event) => event.pointerType === "touch" || hide());
  addEventListener("pointerdown", (event) => hit.contains(event.target) || hide());
  hit.addEventListener("click", (event) => {
    if (hit.classList.contains("touched") && !tip.contains(event.target)) event.preventDefault();
  });
}

function drawWeeks(figure) {
  const top = Number(figure.dataset.top);
  const bars = read(figure.querySelector("table")).map(({ at, numbers, tips, link, marks }) => {
    const chosen = Boolean(link?.hasAttribute("aria-current"));
    const stroke = chosen ? "accent" : "bar";
    const fill = "running" in marks ? "faint" : stroke;
    return { at, value: Number(numbers[0]), tip: tips[0], href: link?.href, stroke, fill, chosen };
  });
  draw(figure.querySelector(".plot"), bars, {
    step: 7 * 86400,
    top: top * 1.03,
    said: count,
    headroom: 22,
    onDraw: (u, font) => mark(u, font, bars, top),
  });
}

// What goes beyond the scale is broken below its top, with its number over it where there is room for that;
// the chosen week has an arrow.
function mark(u, font, bars, top) {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  const x = (bar) => u.valToPos(bar.at, "x", true);
  const side = (bbox.width / bars.length) * 0.45;
  const taken = [];
  ctx.save();
  ctx.font = font.replace("12px", `${11 * px}px`);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const bar of bars.filter((one) => one.value > top).sort((a, b) => b.value - a.value)) {
    ctx.strokeStyle = colours.paper;
    ctx.lineWidth = 2.5 * px;
    ctx.beginPath();
    ctx.moveTo(x(bar) - side, bbox.top + 12 * px);
    ctx.lineTo(x(bar) + side, bbox.top + 8 * px);
    ctx.stroke();
    const text = count.format(bar.value);
    const half = ctx.measureText(text).width / 2;
    const middle = Math.min(x(bar), bbox.left + bbox.width - half);
    if (taken.some(([from, to]) => middle + half > from && middle - half < to)) continue;
    taken.push([middle - half - 3 * px, middle + half + 3 * px]);
    ctx.fillStyle = colours.ink;
    ctx.fillText(text, middle, bbox.top - 6 * px);
  }
  const chosen = bars.find((bar) => bar.chosen);
  if (chosen) {
    ctx.fillStyle = colours.accent;
    const tip = u.valToPos(Math.min(chosen.value, u.scales.y.max), "y", true);
    ctx.beginPath();
    ctx.moveTo(x(chosen), tip - px);
    ctx.lineTo(x(chosen) - 4 * px, tip - 6 * px);
    ctx.lineTo(x(chosen) + 4 * px, tip - 6 * px);
    ctx.fill();
  }
  ctx.restore();
}

// All panels have one scale: which term is the more common one is seen as it is.
function drawShares(panels) {
  const rows = read(panels.closest(".rising").querySelector("table"));
  const step = rows[1].at - rows[0].at;
  const share = ({ numbers }, n) => (numbers[n + 1] === null ? null : numbers[n + 1] / numbers[0]);
  const links = [...panels.querySelectorAll("li > a")];
  const top = Math.max(...rows.flatMap((row) => links.map((_, n) => share(row, n))));
  links.forEach((link, n) => {
    const bars = rows.map((row) => {
      const colour = "lately" in row.marks ? "accent" : "bar";
      return { at: row.at + step / 2, value: share(row, n), tip: row.tips[n + 1], href: link.href, fill: colour, stroke: colour };
    });
    draw(link.parentElement.querySelector(".plot"), bars, { step, top: top * 1.05, said: percent, headroom: 6 });
  });
}

function start() {
  look();
  document.querySelectorAll("[data-chart=weeks]").forEach(drawWeeks);
  document.querySelectorAll("[data-chart=shares]").forEach(drawShares);
  for (const asked of ["(prefers-color-scheme: dark)", "print"]) matchMedia(asked).addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

// Where the library did not come, the tables stand open instead.
function leave() {
  for (const box of document.querySelectorAll(".plot")) box.hidden = true;
  for (const table of document.querySelectorAll(".chart details, .rising details")) table.open = true;
}

// Once the page is there to read: its boxes wait.
requestAnimationFrame(() => setTimeout(uPlot ? start : leave));

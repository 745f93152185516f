// The interactive chart: steps as they are, never a line between them.
(() => {
  "use strict";
  const { held, flat, least, most, ranges, ticks, line, ribbon } = steps;
  const $ = (id) => document.getElementById(id);
  const problems = JSON.parse($("charts").textContent);
  if (!problems.length || !window.Plotly) return;
  const LINE = 14; // pixels between labels
  const CROWD = 12; // more bands than these hide each other
  const MARGIN = { l: 58, r: 10, t: 8, b: 28 };
  const touch = matchMedia("(pointer: coarse)").matches;
  const off = new Set();
  let view = null; // what is drawn: the curves, their axes, the place that is read
  $("curves").hidden = false;

  const chosen = (id) => problem()[id].find((axis) => axis.key === $(id).value);
  const problem = () => problems[$("problem").value];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function traces(found, range, logx, logy, band) {
    const hues = new Map(found.map(({ series }) => [series, hue(series)]));
    const bands = found.filter(({ curve }) => band && curve.lower).map(({ series, curve }) => {
      const points = ribbon(curve, range, logx, logy);
      return {
        name: series.label, meta: "band", type: "scatter", mode: "lines", fill: "toself", hoverinfo: "skip",
        x: points.map(([x]) => x), y: points.map(([, y]) => y), opacity: found.length > 6 ? 0.08 : 0.14,
        line: { width: 0, simplify: false }, fillcolor: hues.get(series),
      };
    });
    const lines = found.map(({ series, curve }) => {
      const [x, y] = line(curve, curve.median, range, logx, logy);
      return {
        name: series.label, meta: "median", type: "scatter", mode: series.symbol ? "lines+markers" : "lines", x, y, hoverinfo: "skip",
        line: { shape: "hv", simplify: false, width: 1.8, color: hues.get(series), dash: series.dash },
        marker: { symbol: series.symbol || "circle", size: 7, color: hues.get(series), maxdisplayed: 9, line: { width: 1.2, color: hues.get(series) } },
      };
    });
    return [...bands, ...lines, ...points(found, hues)];
  }

  // The best trial of each run, where it is one of the first axes: a point that says its configuration
  function points(found, hues) {
    if (!pointed()) return [];
    return found.filter(({ series }) => series.incumbents.length).map(({ series }) => ({
      name: series.label, meta: "trial", type: "scatter", mode: "markers", hoverinfo: "none",
      x: series.incumbents.map(([x]) => x), y: series.incumbents.map(([, y]) => y), customdata: series.incumbents,
      marker: { symbol: series.symbol || "circle", size: 8, color: hues.get(series), opacity: 0.75, line: { width: 1, color: color("--paper") } },
    }));
  }
  const countable = () => problem().series.reduce((count, { incumbents }) => count + incumbents.length, 0);
  const pointed = () => $("trials").checked && !$("trials-tick").hidden;

  const entries = [...$("legend").querySelectorAll("li")];
  const entry = new Map(entries.map((item) => [item.dataset.label, item]));
  const hue = (series) => getComputedStyle(entry.get(series.label).querySelector(".swatch")).color;

  function axis(range, log, whole) {
    return {
      range, type: log ? "log" : "linear", fixedrange: touch, zeroline: false, gridcolor: color("--grid"),
      linecolor: color("--muted"), tickcolor: color("--muted"), ticks: "outside", ticklen: 4, showline: true,
      exponentformat: "e", minexponent: 4, ...(log ? ticks(range) : { nticks: innerWidth < 640 ? 5 : 8, tickformat: whole ? ",d" : "", ...(whole && range[1] - range[0] < 8 ? { tick0: 0, dtick: 1 } : {}) }),
    };
  }

  function draw() {
    const x = chosen("x"), y = chosen("y"), logx = $("logx").checked, logy = $("logy").checked, band = $("band").checked;
    const all = problem().series.filter((series) => series.curves[x.key] && series.curves[x.key][y.key])
      .map((series) => ({ series, curve: series.curves[x.key][y.key] })).filter(({ curve }) => curve.x.length);
    const found = all.filter(({ series }) => !off.has(series.label));
    $("trials-tick").hidden = !(x.key === problem().x[0].key && y.key === problem().y[0].key && countable());
    if (!pointed()) $("trial").hidden = true;
    const range = ranges((found.length ? found : all).map(({ curve }) => curve), logx, logy, band);
    const whole = all.every(({ curve }) => curve.x.every(Number.isInteger));
    const labels = innerWidth >= 760 && found.length <= 24;
    const margin = { ...MARGIN, r: labels ? 20 + 7 * Math.max(4, ...found.map(({ series }) => series.label.length)) : MARGIN.r };
    view = { x, y, all, found, range, logx, logy, whole, labels, margin };
    $("x-title").textContent = x.title;
    $("y-title").textContent = y.title;
    Plotly.react($("plot"), traces(found, range, logx, logy, band), {
      margin, showlegend: false, hovermode: pointed() ? "closest" : false, hoverdistance: 12, dragmode: touch ? false : "zoom", autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle($("x-title")).fontFamily, size: 12.5, color: color("--ink") },
      xaxis: axis(range.x, logx, whole), yaxis: axis(range.y, logy, false),
    }, { displayModeBar: false, responsive: true, displaylogo: false, doubleClick: "reset" });
    list();
    slide();
    ends();
    say(band, logy);
  }

  function say(band, logy) {
    const { found, range } = view;
    const curves = found.map(({ curve }) => curve);
    const top = logy ? 10 ** range.y[1] : range.y[1];
    const ahead = pointed() ? " A point is the best trial of a run: point at it for its configuration, click to copy that." : "";
    const said = [`Steps are medians over runs${band && curves.some((curve) => curve.lower) ? `, bands the ${problem().band}` : ""}.`];
    if (logy && flat(curves, ["median"]).some((value) => value !== null && value <= 0)) said.push("Zero and less have no place on a logarithmic axis: where a curve gets there, it ends.");
    if (!logy && flat(curves, ["median"]).some((value) => value > top)) said.push("What lies above the axis is cut off.");
    if (flat(curves, ["median"]).includes(null)) said.push("A curve begins where more than half of its runs have a success.");
    $("said").textContent = said.join(" ") + ahead;
  }

  // The legend, in the order of the problem's series
  function list() {
    entries.forEach((item) => { item.hidden = true; });
    for (const { series } of view.all) {
      const item = entry.get(series.label);
      item.hidden = false;
      item.querySelector("small").textContent = series.note;
      item.parentNode.append(item);
    }
  }

  // The place that is read: a slider for keys and fingers, the pointer over the chart; at first where all curves are known
  const LAST = 400, THUMB = 8;
  let at = null;
  const share = (x) => {
    const { low, high, logx } = view;
    return high > low ? (logx ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low)) : 0;
  };

  function slide() {
    const { all, logx, whole, margin } = view, curves = all.map(({ curve }) => curve), xs = flat(curves, ["x"]);
    view.low = least(xs.filter((x) => !logx || x > 0));
    view.high = most(xs);
    const slider = $("cursor-at");
    slider.style.marginLeft = `${margin.l - THUMB}px`;
    slider.style.width = `${$("plot").clientWidth - margin.l - margin.r + 2 * THUMB}px`;
    slider.max = whole && !logx ? view.high - view.low : LAST;
    read(at === null ? least(curves.map((curve) => curve.x.at(-1))) : at);
  }

  function moved(part) {
    const { low, high, logx, whole } = view;
    const x = logx ? low * (high / low) ** part : low + (high - low) * part;
    at = Math.min(high, whole ? Math.round(x) : x);
    read(at);
  }

  const shown = (value) => (Number.isNaN(value) ? "ended" : !Number.isFinite(value) ? "∞" : value === 0 ? "0"
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toPrecision(4)).replace("-", "−");

  function read(wanted) {
    const x = Math.min(view.high, Math.max(view.low, wanted)), slider = $("cursor-at");
    slider.value = Math.round(share(x) * slider.max);
    const said = `${view.whole ? x : shown(x)} ${view.x.name}`;
    const ranged = view.all.some(({ curve }) => curve.lower) ? ` [${problem().band}]` : "";
    $("unit").textContent = `: median${ranged} at ${said}`;
    $("at").textContent = said;
    slider.setAttribute("aria-valuetext", said);
    for (const { series, curve } of view.all) {
      const value = (values) => (x > curve.x.at(-1) ? NaN : x < curve.x[0] ? Infinity : held(curve.x, values, x));
      const range = document.createElement("span");
      if (curve.lower && x <= curve.x.at(-1)) range.textContent = ` [${shown(value(curve.lower))}, ${shown(value(curve.upper))}]`;
      entry.get(series.label).querySelector("output").replaceChildren(shown(value(curve.median)), range);
    }
    view.at = x;
    mark();
  }

  // From a place on the x axis, in its own units, to pixels
  function pixels(place) {
    const [left, right] = $("plot").layout.xaxis.range, { margin } = view;
    return margin.l + ((place - left) / (right - left)) * ($("plot").clientWidth - margin.l - margin.r);
  }
  const scaled = (x) => (view.logx ? Math.log10(x) : x);

  function mark() {
    const left = pixels(scaled(view.at)), cursor = $("cursor"), { margin } = view;
    cursor.hidden = !(left >= margin.l - 1 && left <= $("plot").clientWidth - margin.r + 1);
    cursor.style.left = `${left}px`;
  }

  // Labels beside the ends of the curves, in their order, none over another
  function ends() {
    const { found, labels, margin, logx, logy } = view, { xaxis, yaxis } = $("plot").layout;
    const edge = logx ? 10 ** xaxis.range[1] : xaxis.range[1];
    const height = $("plot").clientHeight - margin.t - margin.b, [bottom, top] = yaxis.range;
    const end = ({ series, curve }) => {
      const x = Math.min(edge, curve.x.at(-1)), value = held(curve.x, curve.median, x);
      return {
        series, left: pixels(scaled(x)) + 8,
        y: margin.t + height * (1 - ((logy ? Math.log10(value) : value) - bottom) / (top - bottom)),
      };
    };
    const inside = ({ left, y }) => y >= margin.t - 1 && y <= margin.t + height + 1 && left >= margin.l + 8;
    const placed = labels ? found.map(end).filter(inside).sort((a, b) => a.y - b.y) : [];
    placed.forEach((label, i) => { if (i) label.y = Math.max(label.y, placed[i - 1].y + LINE); });
    for (let i = placed.length - 1, limit = margin.t + height + 8; i >= 0; i -= 1, limit -= LINE) {
      placed[i].y = Math.min(placed[i].y, limit);
    }
    $("ends").replaceChildren(...placed.map(({ series, left, y }) => {
      const label = document.createElement("span");
      label.className = `end ${series.look}`;
      label.textContent = series.label;
      label.style.top = `${y}px`;
      label.style.left = `${left}px`;
      return label;
    }));
  }

  $("plot").addEventListener("pointermove", (event) => {
    const { margin } = view, box = $("plot").getBoundingClientRect(), [left, right] = $("plot").layout.xaxis.range;
    const part = (event.clientX - box.left - margin.l) / (box.width - margin.l - margin.r);
    const place = left + part * (right - left);
    if (part >= 0 && part <= 1) moved(share(view.logx ? 10 ** place : place));
  });

  // Choices: what another problem has too is kept; an axis comes with its own scale
  function fill(id, usable) {
    const kept = $(id).value;
    $(id).replaceChildren(...problem()[id].map((choice) => {
      const option = new Option(choice.name, choice.key);
      option.disabled = !usable(choice.key);
      return option;
    }));
    const choices = [...$(id).options];
    const option = choices.find((choice) => choice.value === kept && !choice.disabled) || choices.find((choice) => !choice.disabled);
    if (option) option.selected = true;
    if ($(id).value !== kept) $(`log${id}`).checked = chosen(id).log;
  }

  function choose() {
    const some = (test) => problem().series.some((series) => test(series.curves));
    fill("x", (key) => some((curves) => curves[key]));
    fill("y", (key) => some((curves) => curves[$("x").value] && curves[$("x").value][key]));
    $("band-name").textContent = problem().band;
    draw();
  }

  function choice(id) {
    if (id === "x") at = null;
    $(`log${id}`).checked = chosen(id).log;
    choose();
  }
  $("problem").addEventListener("change", choose);
  $("x").addEventListener("change", () => choice("x"));
  $("y").addEventListener("change", () => choice("y"));
  for (const id of ["logx", "logy", "band", "trials"]) $(id).addEventListener("change", draw);
  $("cursor-at").addEventListener("input", (event) => moved(event.target.value / (event.target.max || 1)));
  $("reset").addEventListener("click", draw);
  $("controls").addEventListener("submit", (event) => event.preventDefault());

  function toggle(items, on) {
    for (const item of items) {
      item.querySelector("input").checked = on;
      if (on) off.delete(item.dataset.label); else off.add(item.dataset.label);
    }
    draw();
  }
  // Where a name in the legend is pointed at or has the focus, the other curves step back
  function single(label) {
    const drawn = $("plot").querySelectorAll(".scatterlayer > .trace"), { data } = $("plot");
    if (drawn.length !== data.length) return;
    drawn.forEach((trace, i) => { trace.classList.toggle("back", label !== null && data[i].name !== label); });
  }
  for (const item of entries) {
    for (const name of ["pointerenter", "focusin"]) item.addEventListener(name, () => single(off.has(item.dataset.label) ? null : item.dataset.label));
    for (const name of ["pointerleave", "focusout"]) item.addEventListener(name, () => single(null));
  }

  entries.forEach((item) => item.querySelector("input").addEventListener("change", (event) => toggle([item], event.target.checked)));
  $("all").addEventListener("click", () => toggle(entries, true));
  $("none").addEventListener("click", () => toggle(entries, false));

  // Another part of the chart: its own ticks, marks and labels
  function zoomed(changes) {
    const { logx, logy } = view, { xaxis, yaxis } = $("plot").layout;
    if (Object.keys(changes).some((key) => key.includes("range"))) {
      const update = {};
      for (const [name, { range }, log] of [["xaxis", xaxis, logx], ["yaxis", yaxis, logy]]) {
        if (log) for (const [key, value] of Object.entries(ticks(range))) update[`${name}.${key}`] = value;
      }
      if (Object.keys(update).length) Plotly.relayout($("plot"), update);
    }
    mark();
    ends();
  }

  if (problems.some(({ series }) => series.length > CROWD)) $("band").checked = false;
  const MANY = 100; // more points than these hide the curves
  $("trials").checked = problems.every((each) => each.series.reduce((count, { incumbents }) => count + incumbents.length, 0) <= MANY);
  choose();
  $("plot").on("plotly_relayout", zoomed);
  function told({ points: [point] }) {
    const [x, y, seed, configuration] = point.customdata, part = $("trial");
    part.hidden = false;
    part.querySelector("span").textContent = `${point.data.name}, seed ${seed}, evaluation ${x}: ${shown(y)}`;
    part.querySelector("code").textContent = configuration;
    part.querySelector("button").textContent = "Copy";
  }
  $("plot").on("plotly_hover", told);
  $("plot").on("plotly_click", (event) => {
    told(event);
    $("trial").querySelector("button").click();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", draw);
})();

// The interactive chart: steps as they are, never a line between them.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const problems = JSON.parse($("charts").textContent);
  if (!problems.length || !window.Plotly) return;
  const LINE = 14; // pixels between labels
  const MARGIN = { l: 58, r: 10, t: 8, b: 28 };
  const touch = matchMedia("(pointer: coarse)").matches;
  const off = new Set();
  let view = null; // what is drawn: the curves, their axes, the place that is read
  $("curves").hidden = false;

  const chosen = (id) => problem()[id].find((axis) => axis.key === $(id).value);
  const problem = () => problems[$("problem").value];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const infinite = (value) => (value === null ? Infinity : value);

  // The value that holds at x: that of the last step at or before it.
  function held(xs, values, x) {
    let low = 0, high = xs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle + 1; else high = middle;
    }
    return low ? infinite(values[low - 1]) : NaN;
  }

  // Which losses tell curves apart: neither a bad start nor a diverged run hides it. As in the printed figures.
  function between(curves, end, whole) {
    const early = whole ? Math.min(Math.max(2, Math.ceil(end / 4)), end - 1) + 1 : end / 4;
    const parts = curves.map((curve) => {
      const top = curve.upper || curve.median, bottom = curve.lower || curve.median;
      const late = curve.x.map((x, i) => i).filter((i) => i === curve.x.length - 1 || curve.x[i + 1] > early);
      const finite = (values) => late.map((i) => infinite(values[i])).filter(Number.isFinite);
      return {
        bottom: Math.min(...finite(bottom)),
        top: Math.max(...(finite(top).length ? finite(top) : finite(curve.median))),
        last: infinite(curve.median.at(-1)),
      };
    });
    const bottom = Math.min(...parts.map((part) => part.bottom));
    if (!Number.isFinite(bottom)) return [-0.05, 0.05];
    const above = parts.map((part) => part.top - bottom).filter(Number.isFinite).sort((a, b) => a - b);
    const usual = above.slice(Math.min(Math.max(1, (above.length - 1) >> 1), above.length - 1)).filter((d) => d > 0);
    if (!usual.length) return [bottom - (Math.abs(bottom) * 0.05 || 0.05), bottom + (Math.abs(bottom) * 0.05 || 0.05)];
    const ends = parts.map((part) => part.last - bottom).filter((d) => d <= 15 * usual[0]);
    const height = Math.max(...above.filter((d) => d <= 5 * usual[0]), ...ends);
    return [bottom - 0.04 * height, bottom + 1.04 * height];
  }

  // Of a logarithmic axis: everything that it can show, in powers of ten.
  function powers(values) {
    const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
    if (!logs.length) return [-1, 1];
    const low = Math.min(...logs), high = Math.max(...logs), margin = (high - low) * 0.04 || 0.1;
    return [low - margin, high + margin];
  }

  const flat = (curves, names) => curves.flatMap((curve) => names.flatMap((name) => curve[name] || []));

  function ranges(curves, logx, logy, band) {
    const xs = flat(curves, ["x"]);
    const first = Math.min(...xs), end = Math.max(...xs);
    const x = logx ? powers(xs) : [first, end > first ? end : first + 1];
    if (logx) x[0] = Math.log10(Math.min(...xs.filter((value) => value > 0)));
    const named = band ? ["median", "lower", "upper"] : ["median"];
    const bare = band ? curves : curves.map(({ x: places, median }) => ({ x: places, median }));
    return { x, y: logy ? powers(flat(curves, named)) : between(bare, end, xs.every(Number.isInteger)) };
  }

  // Points for Plotly's steps: what a logarithmic axis cannot show ends the line, after the step before it.
  function line(curve, values, range, logx, logy) {
    const xs = [], ys = [];
    curve.x.forEach((x, i) => {
      const place = logx && x <= 0 ? 10 ** range.x[0] : x;
      const value = values[i] === null || (logy && values[i] <= 0) ? null : values[i];
      if (value === null && ys.length && ys.at(-1) !== null) { xs.push(place); ys.push(ys.at(-1)); }
      xs.push(place);
      ys.push(value);
    });
    return [xs, ys];
  }

  // The band as a polygon of steps; an open end reaches beyond the chart.
  function ribbon(curve, range, logx, logy) {
    const height = range.y[1] - range.y[0];
    const far = (value) => (logy ? 10 ** value : value);
    const high = far(range.y[1] + height), low = far(range.y[0] - height);
    const within = (value) => Math.min(high, Math.max(low, infinite(value)));
    const edge = (values) => {
      const points = [];
      curve.x.forEach((x, i) => {
        const place = logx && x <= 0 ? 10 ** range.x[0] : x;
        if (i) points.push([place, within(values[i - 1])]);
        points.push([place, within(values[i])]);
      });
      return points;
    };
    return [...edge(curve.lower), ...edge(curve.upper).reverse()];
  }

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
        name: series.label, meta: "median", type: "scatter", mode: "lines+markers", x, y, hoverinfo: "skip",
        line: { shape: "hv", simplify: false, width: 1.8, color: hues.get(series), dash: series.dash },
        marker: { symbol: series.symbol, size: 7, color: hues.get(series), maxdisplayed: 9, line: { width: 1.2, color: hues.get(series) } },
      };
    });
    return [...bands, ...lines];
  }

  const entries = [...$("legend").querySelectorAll("li")];
  const entry = new Map(entries.map((item) => [item.dataset.label, item]));
  const hue = (series) => getComputedStyle(entry.get(series.label).querySelector(".swatch")).color;

  function axis(range, log, whole) {
    return {
      range, type: log ? "log" : "linear", fixedrange: touch, zeroline: false, gridcolor: color("--grid"),
      linecolor: color("--muted"), tickcolor: color("--muted"), ticks: "outside", ticklen: 4, showline: true,
      exponentformat: "e", minexponent: 4, tickformat: whole && !log ? ",d" : "", nticks: log ? 0 : innerWidth < 640 ? 5 : 8,
      dtick: log && range[1] - range[0] > 1.5 ? 1 : undefined, hoverformat: "",
    };
  }

  function draw() {
    const x = chosen("x"), y = chosen("y"), logx = $("logx").checked, logy = $("logy").checked, band = $("band").checked;
    const all = problem().series.filter((series) => series.curves[x.key] && series.curves[x.key][y.key])
      .map((series) => ({ series, curve: series.curves[x.key][y.key] })).filter(({ curve }) => curve.x.length);
    const found = all.filter(({ series }) => !off.has(series.label));
    const range = ranges((found.length ? found : all).map(({ curve }) => curve), logx, logy, band);
    const whole = all.every(({ curve }) => curve.x.every(Number.isInteger));
    const labels = innerWidth >= 760 && found.length <= 24;
    const margin = { ...MARGIN, r: labels ? 20 + 7 * Math.max(4, ...found.map(({ series }) => series.label.length)) : MARGIN.r };
    view = { x, y, all, found, range, logx, logy, whole, labels, margin };
    $("x-title").textContent = x.title;
    $("y-title").textContent = y.title;
    Plotly.react($("plot"), traces(found, range, logx, logy, band), {
      margin, showlegend: false, hovermode: false, dragmode: touch ? false : "zoom", autosize: true,
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
    const said = [`Steps are medians over runs${band && curves.some((curve) => curve.lower) ? `, bands the ${problem().band}` : ""}.`];
    if (logy && flat(curves, ["median"]).some((value) => value !== null && value <= 0)) said.push("Zero and less have no place on a logarithmic axis: where a curve gets there, it ends.");
    if (!logy && flat(curves, ["median"]).some((value) => value > top)) said.push("What lies above the axis is cut off.");
    if (flat(curves, ["median"]).includes(null)) said.push("A curve begins where more than half of its runs have a success.");
    $("said").textContent = said.join(" ");
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

  // The place that is read: a slider for keys and fingers, the pointer over the chart
  const LAST = 400;
  function slide() {
    const { all, logx, whole } = view;
    const xs = flat(all.map(({ curve }) => curve), ["x"]);
    view.low = Math.min(...xs.filter((x) => !logx || x > 0));
    view.high = Math.max(...xs);
    view.direct = whole && !logx;
    const slider = $("cursor-at"), THUMB = 8;
    slider.style.marginLeft = `${view.margin.l - THUMB}px`;
    slider.style.width = `${$("plot").clientWidth - view.margin.l - view.margin.r + 2 * THUMB}px`;
    const share = slider.value / (slider.max - slider.min || 1);
    slider.max = view.direct ? view.high - view.low : LAST;
    slider.value = !("moved" in slider.dataset) ? slider.max : Math.round(share * slider.max);
    read();
  }

  function place() {
    const { low, high, logx, direct, whole } = view, value = Number($("cursor-at").value);
    if (direct) return low + value;
    const share = value / LAST;
    const x = value === LAST ? high : logx ? low * (high / low) ** share : low + (high - low) * share;
    return whole ? Math.round(x) : x;
  }

  const shown = (value) => (Number.isNaN(value) ? "–" : !Number.isFinite(value) ? "∞" : value === 0 ? "0"
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toPrecision(4)).replace("-", "−");

  function read() {
    const x = place();
    const said = `${view.whole ? x : shown(x)} ${view.x.name}`;
    const ranged = view.all.some(({ curve }) => curve.lower) ? ` [${problem().band}]` : "";
    $("unit").textContent = `: median${ranged} at ${said}`;
    $("at").textContent = said;
    $("cursor-at").setAttribute("aria-valuetext", said);
    for (const { series, curve } of view.all) {
      const output = entry.get(series.label).querySelector("output");
      const past = x > curve.x.at(-1);
      const value = (values) => (past ? NaN : held(curve.x, values, x));
      const range = document.createElement("span");
      if (curve.lower && !past) range.textContent = ` [${shown(value(curve.lower))}, ${shown(value(curve.upper))}]`;
      output.replaceChildren(shown(value(curve.median)), range);
    }
    mark(x);
  }

  function mark(x) {
    const [left, right] = $("plot").layout.xaxis.range, at = view.logx ? Math.log10(x) : x;
    const share = (at - left) / (right - left), cursor = $("cursor");
    cursor.hidden = !(share >= 0 && share <= 1);
    cursor.style.left = `${view.margin.l + share * ($("plot").clientWidth - view.margin.l - view.margin.r)}px`;
  }

  // Labels beside the ends of the curves, in their order, none over another
  function ends() {
    const { found, labels, margin, logx, logy } = view, { xaxis, yaxis } = $("plot").layout;
    const edge = logx ? 10 ** xaxis.range[1] : xaxis.range[1];
    const height = $("plot").clientHeight - margin.t - margin.b, [bottom, top] = yaxis.range;
    const at = ({ series, curve }) => {
      const value = held(curve.x, curve.median, edge);
      return { series, y: margin.t + height * (1 - ((logy ? Math.log10(value) : value) - bottom) / (top - bottom)) };
    };
    const inside = ({ y }) => y >= margin.t - 1 && y <= margin.t + height + 1;
    const placed = labels ? found.map(at).filter(inside).sort((a, b) => a.y - b.y) : [];
    placed.forEach((label, i) => { if (i) label.y = Math.max(label.y, placed[i - 1].y + LINE); });
    for (let i = placed.length - 1, limit = margin.t + height + 8; i >= 0; i -= 1, limit -= LINE) placed[i].y = Math.min(placed[i].y, limit);
    $("ends").replaceChildren(...placed.map(({ series, y }) => {
      const label = document.createElement("span");
      label.className = `end ${series.look}`;
      label.textContent = series.label;
      label.style.top = `${y}px`;
      label.style.left = `${$("plot").clientWidth - margin.r + 8}px`;
      return label;
    }));
  }

  $("plot").addEventListener("pointermove", (event) => {
    const box = $("plot").getBoundingClientRect(), [left, right] = $("plot").layout.xaxis.range;
    const share = (event.clientX - box.left - view.margin.l) / (box.width - view.margin.l - view.margin.r);
    if (share < 0 || share > 1) return;
    const at = left + share * (right - left), { low, high, logx, direct } = view, slider = $("cursor-at");
    const x = logx ? 10 ** at : at;
    slider.value = direct ? Math.round(x - low) : LAST * (logx ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low));
    slider.dataset.moved = "";
    read();
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

  const choice = (id) => { $(`log${id}`).checked = chosen(id).log; choose(); };
  $("problem").addEventListener("change", choose);
  $("x").addEventListener("change", () => choice("x"));
  $("y").addEventListener("change", () => choice("y"));
  for (const id of ["logx", "logy", "band"]) $(id).addEventListener("change", draw);
  $("cursor-at").addEventListener("input", () => { $("cursor-at").dataset.moved = ""; read(); });
  $("reset").addEventListener("click", draw);
  $("controls").addEventListener("submit", (event) => event.preventDefault());

  function toggle(items, on) {
    for (const item of items) {
      item.querySelector("input").checked = on;
      if (on) off.delete(item.dataset.label); else off.add(item.dataset.label);
    }
    draw();
  }
  entries.forEach((item) => item.querySelector("input").addEventListener("change", (event) => toggle([item], event.target.checked)));
  $("all").addEventListener("click", () => toggle(entries, true));
  $("none").addEventListener("click", () => toggle(entries, false));

  choose();
  $("plot").on("plotly_relayout", () => { mark(place()); ends(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", draw);
})();

// What a chart of steps shows: values at a place, ranges, ticks, points; the geometry of `chart.js`, which draws it.
const steps = (() => {
  "use strict";
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
        bottom: least(finite(bottom)),
        top: most(finite(top).length ? finite(top) : finite(curve.median)),
        last: infinite(curve.median.at(-1)),
      };
    });
    const bottom = least(parts.map((part) => part.bottom));
    if (!Number.isFinite(bottom)) return [-0.05, 0.05];
    const above = parts.map((part) => part.top - bottom).filter(Number.isFinite).sort((a, b) => a - b);
    const usual = above.slice(Math.min(Math.max(1, (above.length - 1) >> 1), above.length - 1)).filter((d) => d > 0);
    if (!usual.length) return [bottom - (Math.abs(bottom) * 0.05 || 0.05), bottom + (Math.abs(bottom) * 0.05 || 0.05)];
    const ends = parts.map((part) => part.last - bottom).filter((d) => d <= 15 * usual[0]);
    return wider([bottom, bottom + most([...above.filter((d) => d <= 5 * usual[0]), ...ends])], 0.04);
  }

  // Of a logarithmic axis: what it can show, in powers of ten. A band may reach a tenth of the least median, no lower.
  function powers(values, medians) {
    const logs = (numbers) => numbers.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
    const all = logs(values);
    if (!all.length) return [-1, 1];
    const low = Math.max(least(all), medians ? least(logs(medians)) - 1 : -Infinity), high = most(all);
    return [low, high > low ? high : low + 0.1];
  }

  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  const wider = ([low, high], share) => [low - share * (high - low), high + share * (high - low)];

  // 1, 2 and 5 of each power of ten, or the powers alone; Plotly's own where the axis shows less than half a power
  function ticks([low, high]) {
    if (high - low < 0.5) return { tickmode: "auto", exponentformat: "e" };
    const step = Math.ceil((high - low) / 8), parts = high - low > 2.2 ? [1] : [1, 2, 5];
    const values = [];
    for (let power = Math.floor(low); power <= high; power += 1) {
      if (power % step === 0) values.push(...parts.map((part) => Number(`${part}e${power}`)));
    }
    const text = (value) => (value >= 1e-3 && value < 1e5 ? String(value) : value.toExponential()).replace("e+", "e").replace("-", "−");
    return { tickmode: "array", tickvals: values, ticktext: values.map(text) };
  }

  const flat = (curves, names) => curves.flatMap((curve) => names.flatMap((name) => curve[name] || []));

  function ranges(curves, logx, logy, band) {
    const xs = flat(curves, ["x"]), first = least(xs), end = most(xs);
    const bare = band ? curves : curves.map(({ x, median }) => ({ x, median }));
    const values = flat(bare, ["median", "lower", "upper"]);
    return {
      x: logx ? powers(xs) : [first, end > first ? end : first + 1],
      y: logy ? wider(powers(values, flat(curves, ["median"])), 0.04) : between(bare, end, xs.every(Number.isInteger)),
    };
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

  return { held, flat, least, most, ranges, ticks, line, ribbon };
})();

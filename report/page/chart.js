"use strict";
/* Lines against time or iteration, as SVG that follows the width of its place.

   Chart.lines(host, chart)   draws into an element and returns {at(x)}, which moves a cursor there
     title    text above it
     x        {step} of evenly spaced values from 0 on, or {values}; and their {unit}
     y        {log: true} for a logarithmic axis, where all values allow it
     series   [{name, values, look}, ...]; a value that is null or missing breaks the line
     level    {value, look}, a horizontal line
     marks    [{x, text}, ...], vertical lines
     height   of the picture in pixels
     legend   false for none
     scrub    called with x where somebody points at it
   Chart.look(i)              the i-th of 42 looks, which differ in dashes as well as in colour
   Chart.LEARNED, Chart.INITIAL, Chart.QUIET   the looks of policy, first trajectory and the rest  */
const Chart = (() => {
  const LEARNED = { colour: "var(--accent)", width: 1.8 };
  const INITIAL = { colour: "var(--muted)", width: 1.4, dash: "5 3" };
  const QUIET = { colour: "var(--muted)", width: 1, opacity: 0.45 };
  const DASHES = ["", "7 3", "2 2.5", "9 3 2 3", "14 4", "6 2 1 2 1 2"];
  const look = (i) => ({ colour: `var(--s${i % 7})`, width: 1.6, dash: DASHES[i % 6] });

  /** A new SVG element. */
  function svg(name, attributes, parent, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent?.append(made);
    return made;
  }

  /** A new HTML element. */
  function html(name, className, parent, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    parent?.append(made);
    return made;
  }

  function stroke(look) {
    const drawn = { fill: "none", stroke: look.colour, "stroke-width": look.width };
    if (look.dash) drawn["stroke-dasharray"] = look.dash;
    if (look.opacity) drawn["stroke-opacity"] = look.opacity;
    return { ...drawn, "stroke-linejoin": "round" };
  }

  /** Round values between two bounds, about so many. */
  function ticks(low, high, count) {
    const least = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(least));
    const every = power * [1, 2, 5, 10].find((factor) => factor * power >= least * 0.999);
    const first = Math.ceil(low / every - 1e-9);
    const last = Math.floor(high / every + 1e-9);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * every);
  }

  function logTicks(low, high) {
    const digits = high / low < 1e3 ? [1, 2, 5] : [1];
    const found = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
      for (const digit of digits) found.push(digit * 10 ** e);
    }
    return found.filter((value) => value >= low && value <= high);
  }

  /** Four significant digits, without a tail of zeros. */
  function text(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (size >= 1e5) return value.toExponential(1).replace("e+", "e");
    return String(Number(value.toPrecision(3))).replace("-", "−");
  }

  function lines(host, chart) {
    const { series, x, height = 170 } = chart;
    const xs = (i) => (x.values ? x.values[i] : i * x.step);
    const count = Math.max(...series.map((one) => one.values.length));
    const known = series.flatMap((one) => one.values.filter((v) => v !== null));
    if (chart.level) known.push(chart.level.value);
    const finite = known.filter((value) => value !== null);
    let [low, high] = [Math.min(...finite), Math.max(...finite)];
    const log = chart.y?.log && low > 0 && high > 10 * low;
    if (log) {
      const margin = (high / low) ** 0.06;
      [low, high] = [low / margin, high * margin];
    } else {
      const margin = 0.08 * (high - low) || 0.1 * Math.abs(high) || 1;
      [low, high] = [low - margin, high + margin];
    }
    const [left, right] = [xs(0), xs(count - 1)];
    const figure = html("figure", "chart", host);
    const caption = html("figcaption", "", figure);
    html("span", "title", caption, chart.title);
    const values = chart.legend === false ? [] : legend(caption, chart);
    const picture = svg("svg", { role: "img", "aria-label": chart.title }, figure);
    picture.style.height = `${height}px`;
    let place, cursor, shown = null;

    function paint() {
      const width = figure.clientWidth;
      if (!width) return;
      picture.replaceChildren();
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const yTicks = log ? logTicks(low, high) : ticks(low, high, Math.max(4, height / 45));
      const labels = yTicks.map(text);
      const box = { left: 10 + 6.6 * Math.max(...labels.map((l) => l.length)), right: width - 8,
        top: 8, bottom: height - 22 };
      const span = right - left || 1;
      place = (v) => box.left + ((v - left) / span) * (box.right - box.left);
      const part = (v) => (log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
      const up = (v) => box.bottom - part(v) * (box.bottom - box.top);
      const grid = svg("g", { class: "grid" }, picture);
      yTicks.forEach((value, i) => {
        const y = up(value).toFixed(1);
        svg("line", { x1: box.left, x2: box.right, y1: y, y2: y }, grid);
        svg("text", { x: box.left - 6, y, "text-anchor": "end", dy: "0.32em" }, grid, labels[i]);
      });
      const xTicks = ticks(left, right, Math.max(3, Math.min(8, (box.right - box.left) / 70)));
      xTicks.forEach((value, i) => {
        const px = place(value).toFixed(1);
        const end = px > box.right - 12 ? "end" : "middle";
        const unit = x.unit && i === xTicks.length - 1 ? ` ${x.unit}` : "";
        svg("text", { x: px, y: height - 6, "text-anchor": end }, grid, text(value) + unit);
      });
      if (chart.level) {
        const y = up(chart.level.value).toFixed(1);
        svg("line", { x1: box.left, x2: box.right, y1: y, y2: y, ...stroke(chart.level.look) },
          picture);
      }
      for (const mark of chart.marks ?? []) {
        const px = place(mark.x).toFixed(1);
        svg("line", { x1: px, x2: px, y1: box.top, y2: box.bottom, class: "mark" }, picture);
        svg("text", { x: px, y: box.top + 8, dx: 5, class: "mark" }, picture, mark.text);
      }
      for (const one of series) {
        curve(picture, one, (i) => place(xs(i)), up);
        if (chart.lost) triangles(picture, one, (i) => place(xs(i)), box.top + 4);
      }
      cursor = svg("line", { class: "cursor", y1: box.top, y2: box.bottom, visibility: "hidden" },
        picture);
      at(shown);
    }

    function at(value) {
      shown = value;
      if (!cursor || value === null) return;
      const px = place(Math.min(Math.max(value, left), right)).toFixed(1);
      cursor.setAttribute("visibility", "visible");
      cursor.setAttribute("x1", px);
      cursor.setAttribute("x2", px);
      const i = Math.round(value / (x.step ?? 1));
      values.forEach((output, k) => {
        const own = series[k].values;
        output.textContent = text(own[Math.min(i, own.length - 1)]);
      });
    }

    if (chart.scrub) {
      picture.classList.add("scrubbed");
      const point = (event) => {
        const inside = event.clientX - picture.getBoundingClientRect().left;
        const share = (inside - place(left)) / (place(right) - place(left));
        chart.scrub(left + Math.min(Math.max(share, 0), 1) * (right - left));
      };
      picture.addEventListener("pointerdown", (event) => {
        picture.setPointerCapture(event.pointerId);
        point(event);
      });
      picture.addEventListener("pointermove", (event) => {
        if (event.buttons) point(event);
      });
    }
    new ResizeObserver(paint).observe(figure);
    paint();
    return { at };
  }

  /** A line through what is there; a value between two gaps is a dot. */
  function curve(picture, one, px, up) {
    let path = "", open = false;
    one.values.forEach((value, i) => {
      if (value === null) {
        open = false;
        return;
      }
      const next = one.values[i + 1];
      const point = `${px(i).toFixed(1)} ${up(value).toFixed(1)}`;
      if (!open && (next === null || next === undefined)) {
        svg("circle", { cx: px(i), cy: up(value), r: 2, fill: one.look.colour }, picture);
      }
      path += `${open ? "L" : "M"}${point}`;
      open = true;
    });
    svg("path", { d: path, ...stroke(one.look) }, picture);
  }

  /** Below the upper edge where a value is missing. */
  function triangles(picture, one, px, y) {
    one.values.forEach((value, i) => {
      if (value !== null) return;
      const x = px(i);
      svg("path", { d: `M${x - 3.5} ${y + 6}L${x + 3.5} ${y + 6}L${x} ${y}Z`, class: "lost" }, picture);
    });
  }

  /** Names with a piece of their line; where there is a cursor, with the values at it. */
  function legend(caption, chart) {
    const keys = html("span", "keys", caption);
    const key = (name, look) => {
      const entry = html("span", "key", keys);
      const sample = svg("svg", { width: 26, height: 10, "aria-hidden": "true" }, entry);
      svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, ...stroke(look) }, sample);
      html("span", "", entry, name);
      return entry;
    };
    const entries = chart.series.map((one) => key(one.name, one.look));
    if (chart.level) key(chart.level.name, chart.level.look);
    if (chart.lost && chart.series.some((one) => one.values.includes(null))) {
      html("span", "key", keys, "▲ diverged");
    }
    return chart.scrub ? entries.map((entry) => html("output", "", entry)) : [];
  }

  return { lines, look, LEARNED, INITIAL, QUIET, html };
})();

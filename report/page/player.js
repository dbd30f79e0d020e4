"use strict";
/* The motions of a run, played beside each other, with charts that follow the time.

   Player(data, place)   place: {lanes, play, time, clock, speed, forces} are the elements
     onMove(call)        call(t) now and whenever the time changes
     seek(t)             s
     state, restore(state)   what a page that comes again needs to go on: {t, playing, speed}  */
function Player(data, place) {
  const { scene } = data;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const LABELS = 44;  // pixels above and below the robot together
  const listeners = [];
  const lanes = data.motions.map((motion, i) => Lane(scene, motion, place.lanes[i], i > 0));
  const step = data.motions[0].step;
  const end = Math.max(...lanes.map((lane) => lane.end));
  let t = 0, playing = false, before = null;

  /** One canvas with its own camera, which keeps the robot and what lies ahead in the picture. */
  function Lane(scene, motion, canvas, hollow) {
    const frames = Scene.decode(motion, scene);
    const trail = frames.map((frame) => frame.com[0]);
    const { centres, half } = camera(scene, frames, motion.step);
    let ctx = null;
    return {
      half,
      end: (frames.length - 1) * motion.step,
      resize: () => { ctx = Scene.fit(canvas); },
      draw(time, scale, colours, forces) {
        const exact = Math.min(time / motion.step, frames.length - 1);
        const i = Math.min(Math.floor(exact), Math.max(frames.length - 2, 0));
        const next = Math.min(i + 1, frames.length - 1), share = exact - i;
        const frame = Scene.between(frames[i], frames[next], share);
        const mix = (k) => centres[i][k] + share * (centres[next][k] - centres[i][k]);
        const { clientWidth: width, clientHeight: height } = canvas;
        const view = { x: mix(0), y: mix(1), scale, width, height };
        const done = hollow ? [] : [...trail.slice(0, i + 1), frame.com[0]];
        Scene.draw(ctx, scene, frame, { view, colours, hollow, trail: done, forces });
      },
    };
  }

  /** Where to look in each frame, and half of what must fit around there, m. */
  function camera(scene, frames, step) {
    const boxes = frames.map((frame) => Scene.bounds(scene, frame));
    const hull = boxes.reduce((a, b) =>
      [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
    let centres = frames.map(() => [(hull[0] + hull[2]) / 2, (hull[1] + hull[3]) / 2]);
    if (scene.follows) {
      // An average over a second keeps the view calm while the robot sways and bobs.
      const reach = Math.round(0.5 / step);
      centres = frames.map((_, i) => {
        const [first, last] = [Math.max(i - reach, 0), Math.min(i + reach, frames.length - 1)];
        const sum = [0, 0];
        for (let k = first; k <= last; k++) {
          sum[0] += frames[k].com[0][0];
          sum[1] += frames[k].com[0][1];
        }
        return sum.map((value) => value / (last - first + 1));
      });
      const tops = boxes.map((box, i) => [box[1] - centres[i][1], box[3] - centres[i][1]]);
      const low = Math.min(...tops.map((top) => top[0]));
      const high = Math.max(...tops.map((top) => top[1]));
      centres = centres.map(([x, y]) => [x, y + (low + high) / 2]);
    }
    const half = [0, 0];
    boxes.forEach((box, i) => {
      half[0] = Math.max(half[0], centres[i][0] - box[0], box[2] - centres[i][0]);
      half[1] = Math.max(half[1], centres[i][1] - box[1], box[3] - centres[i][1]);
    });
    const margin = 0.16 * Math.max(...half) || 1;
    return { centres, half: half.map((value) => value + margin) };
  }

  /** All lanes alike, as high as their robots need and no higher than a screen allows. */
  function layout() {
    const width = place.lanes[0].clientWidth;
    const half = [0, 1].map((k) => Math.max(...lanes.map((lane) => lane.half[k])));
    const height = Math.min(Math.max((width * half[1]) / half[0] + LABELS, 180), 360);
    place.lanes.forEach((canvas) => { canvas.style.height = `${height}px`; });
    scale = Math.min(width / (2 * half[0]), (height - LABELS) / (2 * half[1]));
    lanes.forEach((lane) => lane.resize());
    draw();
  }
  let scale = 1;

  function draw() {
    const colours = Scene.colours(place.lanes[0]);
    lanes.forEach((lane) => lane.draw(t, scale, colours, place.forces?.checked));
  }

  function show() {
    place.time.value = t;
    const text = `${t.toFixed(2)} s`;
    place.time.setAttribute("aria-valuetext", text);
    place.clock.textContent = text;
    draw();
    listeners.forEach((call) => call(t));
  }

  function seek(time) {
    t = Math.min(Math.max(time, 0), end);
    show();
  }

  function play(on) {
    playing = on;
    before = null;
    place.play.textContent = on ? "Pause" : "Play";
    place.play.classList.toggle("playing", on);
    if (on) requestAnimationFrame(tick);
  }

  function tick(now) {
    if (!playing) return;
    const passed = before === null ? 0 : Math.min(now - before, 100) / 1000;
    before = now;
    const next = t + passed * Number(place.speed.value);
    seek(next > end ? 0 : next);
    requestAnimationFrame(tick);
  }

  place.time.max = end;
  place.time.step = step;
  place.time.addEventListener("input", () => {
    play(false);
    seek(Number(place.time.value));
  });
  place.play.addEventListener("click", () => play(!playing));
  place.forces?.addEventListener("change", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(layout).observe(place.lanes[0].parentElement);
  layout();
  show();
  play(!calm);
  return {
    seek,
    pause: () => play(false),
    onMove(call) {
      listeners.push(call);
      call(t);
    },
    get state() {
      return { t, playing, speed: place.speed.value };
    },
    restore(state) {
      place.speed.value = state.speed;
      seek(state.t);
      play(state.playing);
    },
  };
}

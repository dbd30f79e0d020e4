"use strict";
/* The page of `vgps play`: shows the frames that a stream brings, and sends what the mouse does.

   The robot moves in the process that serves this page; nothing is computed here but pictures.  */
(() => {
  const at = (id) => document.getElementById(id);
  const stage = at("stage"), chart = at("chart");
  const CHART = 10;  // s that the chart shows
  const TRAIL = 3;  // s
  const NEAR = 20;  // pixels from a link or a target at which the mouse still takes it

  let about = null;  // what never changes: {scene, robot, commands, movable, highest, disturbable}
  let frame = null;  // the last one
  let view = null;  // the camera, once there is a frame
  let home = null;  // the place that a camera that follows nothing looks at
  let history = [];  // [{t, cost, place, pulled}, ...] since the last reset
  let drag = null;  // {kind, px, py, ...} while a button of the mouse is down
  let mouse = null;  // [px, py]
  let colours = {};

  // Messages go one after another, so that a release is not overtaken by a pull.
  const waiting = [];
  let sending = false;

  function send(message) {
    const last = waiting[waiting.length - 1];
    if (last && last.do === message.do && ["pull", "move"].includes(message.do)) waiting.pop();
    waiting.push(message);
    if (!sending) sendAll();
  }

  async function sendAll() {
    sending = true;
    while (waiting.length) {
      const body = JSON.stringify(waiting.shift());
      const headers = { "Content-Type": "application/json" };
      try {
        const answer = await fetch("do", { method: "POST", headers, body });
        if (!answer.ok) say(await answer.text());
      } catch {
        waiting.length = 0;  // the stream says that nobody is there
      }
    }
    sending = false;
  }

  let silence = 0;

  function say(text, lasting = false) {
    clearTimeout(silence);
    at("note").textContent = text;
    at("note").hidden = !text;
    if (text && !lasting) silence = setTimeout(() => say(""), 6000);
  }

  // ---- what the stream brings

  const stream = new EventSource("stream");
  stream.addEventListener("open", () => say(""));
  stream.addEventListener("error", () => {
    const refused = stream.readyState === EventSource.CLOSED;  // otherwise it is asked again
    say(refused ? "this page was refused: others are open, or the command was started anew"
      : "the command that moves the robot has ended", true);
  });
  stream.addEventListener("scene", (event) => {
    about = JSON.parse(event.data);
    about.scene.ground = [];
    frame = view = null;
    document.title = `${about.robot} · vgps`;
    at("robot").textContent = about.robot;
    at("disturbed").disabled = !about.disturbable;
    at("show").hidden = !about.scene.contacts.length;
    at("moving").hidden = !about.scene.follows;
    at("commands").hidden = !about.commands.length;
    at("commands").replaceChildren(...about.commands.map(command));
    const hints = ["Drag the robot to pull at it"];
    if (about.movable.includes(true)) hints.push("Drag the cross: the policy sees where it is");
    if (about.highest) hints.push("Drag the ground up or down: a step from there on");
    at("hints").replaceChildren(...hints.map((hint) => {
      const item = document.createElement("li");
      item.textContent = hint;
      return item;
    }));
  });
  stream.addEventListener("ground", (event) => {
    about.scene.ground = JSON.parse(event.data);
  });
  stream.addEventListener("frame", (event) => {
    const before = frame;
    frame = JSON.parse(event.data);
    if (before && frame.notes !== before.notes) say(frame.note);
    if (!before || frame.t < before.t) begin();
    if (!before || frame.t !== before.t) {
      history.push({ t: frame.t, cost: frame.cost, place: frame.com[0], pulled: !!frame.hand });
      while (history[0].t < frame.t - CHART) history.shift();
    }
    const pressed = (id, on) => at(id).setAttribute("aria-pressed", on);
    at("pause").textContent = frame.paused ? "Play" : "Pause";
    pressed("noisy", frame.noisy);
    pressed("disturbed", frame.disturbed);
    for (const button of at("rate").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", Number(button.dataset.rate) === frame.rate);
    }
    if (document.activeElement !== at("strength")) {
      at("strength").value = Math.log10(frame.strength);
    }
    for (const label of at("commands").children) label.show();
    at("time").textContent = `${frame.t.toFixed(1)} s`;
    at("speed").textContent = `${frame.vx.toFixed(1).replace(/^-(?=0\.0$)/, "")} m/s`;
    at("cost").textContent = frame.cost === null ? "–" : short(frame.cost);
  });

  /** A slider for what the policy is told. */
  function command({ target, axis, name, low, high }) {
    const label = document.createElement("label");
    const slider = document.createElement("input");
    const shown = document.createElement("output");
    Object.assign(slider, { type: "range", min: low, max: high, step: (high - low) / 200 });
    slider.addEventListener("input", () => {
      const place = [...frame.targets[target]];
      place[axis] = Number(slider.value);
      send({ do: "move", target, at: place });
    });
    label.show = () => {
      const value = frame.targets[target][axis];
      if (document.activeElement !== slider) slider.value = value;
      shown.textContent = short(value);
    };
    label.append(name, slider, shown);
    return label;
  }

  /** The frame without targets that are no places. */
  function places() {
    const told = new Set(about.commands.map((each) => each.target));
    return { ...frame, targets: frame.targets.filter((_, i) => !told.has(i)) };
  }

  /** A number with three digits that matter. */
  function short(number) {
    const size = Math.abs(number);
    return size >= 1e4 || (size < 1e-2 && size > 0) ? number.toExponential(1) : number.toPrecision(3);
  }

  /** After a reset the mouse has let go. */
  function begin() {
    history = [];
    if (drag?.kind === "pull") send({ do: "release" });
    drag = null;
  }

  // ---- the camera

  function aim(seconds) {
    const { clientWidth: width, clientHeight: height } = stage;
    const { follows } = about.scene;
    const seen = follows ? { ...frame, targets: [] } : places();
    const [left, bottom, right, top] = Scene.bounds(about.scene, seen);
    const middle = [follows ? frame.com[0][0] : 0.5 * (left + right), 0.5 * (bottom + top)];
    if (!view || Math.hypot(middle[0] - view.x, middle[1] - view.y) * view.scale > 2 * width) {
      const size = Math.max(right - left, top - bottom) || 1;
      const scale = Math.min(width / (2.4 * size), (height - 150) / (1.7 * size));
      home = middle;
      view = { x: middle[0], y: middle[1], scale: view?.scale ?? scale };
    }
    // What has a fixed base is followed only where it would leave the picture.
    const room = [0.35 * width / view.scale, 0.3 * height / view.scale];
    const goal = middle.map((place, i) => follows ? place
      : Math.min(Math.max(home[i], place - room[i]), place + room[i]));
    view.x += (goal[0] - view.x) * (1 - Math.exp(-seconds / 0.25));
    // Calm while a robot bobs, and quick while it falls.
    const hurry = 1 + (Math.abs(goal[1] - view.y) * view.scale / 50) ** 2;
    view.y += (goal[1] - view.y) * (1 - Math.exp(-hurry * seconds / 0.8));
    Object.assign(view, { width, height });
  }

  // ---- what the mouse is at

  function placed([x, y, angle], [a, b]) {
    const c = Math.cos(angle), s = Math.sin(angle);
    return Scene.toPixels(view, x + c * a - s * b, y + s * a + c * b);
  }

  function toSegment([px, py], [ax, ay], [bx, by]) {
    const dx = bx - ax, dy = by - ay;
    const share = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1);
    const s = Math.min(Math.max(share, 0), 1);
    return Math.hypot(px - ax - s * dx, py - ay - s * dy);
  }

  /** Pixels from a place on the screen to the robot, 0 inside of it. */
  function toRobot(point) {
    let least = Infinity;
    about.scene.links.forEach((link, i) => {
      for (const shape of [link.segment, link.outline]) {
        const corners = shape.map((corner) => placed(frame.poses[i], corner));
        let inside = false;
        corners.forEach((a, j) => {
          const b = corners[(j + 1) % corners.length];
          least = Math.min(least, toSegment(point, a, b));
          const above = (a[1] > point[1]) !== (b[1] > point[1]);
          const across = a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
          if (above && point[0] < across) inside = !inside;
        });
        if (inside) least = 0;
      }
    });
    for (const disc of about.scene.discs) {
      const [px, py] = placed(frame.poses[disc.link], disc.at);
      const far = Math.hypot(point[0] - px, point[1] - py) - disc.radius * view.scale;
      least = Math.min(least, Math.max(far, 0));
    }
    return least;
  }

  /** Height of the ground at x. */
  function heightAt(x) {
    const line = about.scene.ground;
    if (x <= line[0][0]) return line[0][1];
    for (let i = 1; i < line.length; i++) {
      if (x <= line[i][0]) {
        const share = (x - line[i - 1][0]) / (line[i][0] - line[i - 1][0] || 1);
        return line[i - 1][1] + share * (line[i][1] - line[i - 1][1]);
      }
    }
    return line[line.length - 1][1];
  }

  /** What a drag from here would do: {kind: "pull" | "move" | "raise" | "", ...}. */
  function under(point) {
    const target = frame.targets.findIndex((place, i) => {
      const [px, py] = Scene.toPixels(view, ...place);
      return about.movable[i] && Math.hypot(point[0] - px, point[1] - py) < NEAR;
    });
    if (target >= 0) return { kind: "move", target };
    if (toRobot(point) < NEAR) return { kind: "pull" };
    const [x, y] = Scene.toWorld(view, ...point);
    if (about.highest && (y - heightAt(x)) * view.scale < NEAR) return { kind: "raise", x };
    return { kind: "" };
  }

  // ---- the mouse

  const pixel = (event) => [event.offsetX, event.offsetY];

  stage.addEventListener("pointerdown", (event) => {
    if (!view || event.button !== 0) return;
    mouse = pixel(event);
    drag = { ...under(mouse), from: mouse };
    if (!drag.kind) drag = null;
    else stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => { mouse = pixel(event); });
  stage.addEventListener("pointerleave", () => { if (!drag) mouse = null; });
  const end = (event) => {
    if (!drag) return;
    if (drag.kind === "pull") send({ do: "release" });
    if (drag.kind === "raise" && event.type === "pointerup" && raised()) {
      send({ do: "raise", beyond: drag.x, by: raised() });
    }
    drag = null;
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (view) view.scale *= Math.exp(-Math.min(Math.max(event.deltaY, -200), 200) / 600);
  }, { passive: false });

  /** How far the ground is dragged up, m; 0 where that is hardly meant. */
  function raised() {
    const pixels = drag.from[1] - mouse[1];
    const by = Math.min(Math.max(pixels / view.scale, -about.highest), about.highest);
    return Math.abs(pixels) < 4 ? 0 : by;
  }

  /** The robot moves under a mouse that stands still: so this is asked with every picture. */
  function follow() {
    const place = Scene.toWorld(view, ...mouse);
    if (drag.kind === "pull") send({ do: "pull", at: place });
    if (drag.kind === "move") send({ do: "move", target: drag.target, at: place });
  }

  // ---- buttons and keys

  at("pause").addEventListener("click", () => send({ do: "set", paused: !frame.paused }));
  at("reset").addEventListener("click", () => send({ do: "reset" }));
  for (const id of ["noisy", "disturbed"]) {
    at(id).addEventListener("click", () => send({ do: "set", [id]: !frame[id] }));
  }
  at("rate").addEventListener("click", (event) => {
    if (event.target.dataset.rate) send({ do: "set", rate: Number(event.target.dataset.rate) });
  });
  at("strength").addEventListener("input", (event) => {
    send({ do: "set", strength: 10 ** Number(event.target.value) });
  });
  at("forces").addEventListener("click", (event) => {
    const pressed = event.target.getAttribute("aria-pressed") === "true";
    event.target.setAttribute("aria-pressed", !pressed);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !frame) return;
    if (event.key === "r") send({ do: "reset" });
    if (event.key === " " && event.target.tagName !== "BUTTON") {
      event.preventDefault();
      send({ do: "set", paused: !frame.paused });
    }
  });

  // ---- pictures

  function label(ctx, text, [px, py], colour) {
    ctx.font = "600 13px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeStyle = colours.paper;
    ctx.fillStyle = colour;
    ctx.strokeText(text, px, py);
    ctx.fillText(text, px, py);
  }

  function drawHand(ctx) {
    const [from, to] = [frame.hand.at, frame.hand.to].map((place) => Scene.toPixels(view, ...place));
    ctx.strokeStyle = ctx.fillStyle = colours.target;
    ctx.lineWidth = 2;
    ctx.setLineDash([2, 5]);
    ctx.lineCap = "round";
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
    ctx.setLineDash([]);
    for (const [place, radius] of [[from, 5], [to, 3.5]]) {
      ctx.beginPath();
      ctx.arc(...place, radius, 0, 2 * Math.PI);
      ctx.fill();
    }
    const newtons = short(Math.hypot(...frame.hand.force));
    label(ctx, `${newtons} N`, [to[0] + 12, to[1] - 12], colours.target);
  }

  /** The step that would be there if the mouse let go now. */
  function drawStep(ctx) {
    const by = raised();
    const ground = heightAt(drag.x + 1e-9);
    const low = Scene.toPixels(view, drag.x, ground), high = Scene.toPixels(view, drag.x, ground + by);
    ctx.strokeStyle = colours.accent;
    ctx.lineWidth = 2;
    ctx.setLineDash([6, 5]);
    ctx.beginPath();
    ctx.moveTo(...low);
    ctx.lineTo(...high);
    ctx.lineTo(view.width, high[1]);
    ctx.stroke();
    ctx.setLineDash([]);
    const sign = by < 0 ? "−" : "+";
    const text = by ? `${sign}${(100 * Math.abs(by)).toPrecision(2)} cm` : "drag up or down";
    label(ctx, text, [high[0] + 10, high[1] + (by < 0 ? 16 : -16)], colours.accent);
  }

  function drawChart() {
    const ctx = Scene.fit(chart);
    const { clientWidth: width, clientHeight: height } = chart;
    const known = history.filter((moment) => moment.cost !== null);
    // The root shows small costs beside the large ones of a fall.
    const root = (cost) => Math.sqrt(Math.max(cost, 0));
    const most = Math.max(...known.map((moment) => root(moment.cost)), 1e-12);
    const x = (t) => width * (1 - (frame.t - t) / CHART);
    const y = (cost) => height - 2 - (height - 6) * root(cost) / most;
    ctx.fillStyle = colours.target;
    ctx.globalAlpha = 0.22;
    let since = null;  // the pull that goes on
    history.forEach((moment, i) => {
      if (moment.pulled) since ??= moment.t;
      if (since === null || (moment.pulled && i < history.length - 1)) return;
      ctx.fillRect(x(since), 0, x(moment.t) - x(since), height);
      since = null;
    });
    ctx.globalAlpha = 1;
    ctx.strokeStyle = colours.hair;
    ctx.lineWidth = 1;
    ctx.strokeRect(0, height - 0.5, width, 0);
    ctx.strokeStyle = colours.accent;
    ctx.lineWidth = 1.6;
    ctx.lineJoin = "round";
    ctx.beginPath();
    known.forEach((moment, i) => ctx[i ? "lineTo" : "moveTo"](x(moment.t), y(moment.cost)));
    ctx.stroke();
  }

  const CURSORS = { pull: "grab", move: "move", raise: "ns-resize" };
  let last = performance.now();

  function picture(now) {
    requestAnimationFrame(picture);
    const seconds = Math.min((now - last) / 1000, 0.1);
    last = now;
    if (!about || !frame) return;
    colours = Scene.colours(document.documentElement);
    aim(seconds);
    if (drag) follow();
    const ctx = Scene.fit(stage);
    const trail = history.filter((moment) => moment.t > frame.t - TRAIL).map((m) => m.place);
    const forces = at("forces").getAttribute("aria-pressed") === "true";
    Scene.draw(ctx, about.scene, places(), { view, colours, trail, forces });
    if (frame.hand) drawHand(ctx);
    if (drag?.kind === "raise") drawStep(ctx);
    drawChart();
    const kind = drag ? drag.kind : mouse ? under(mouse).kind : "";
    stage.style.cursor = drag?.kind === "pull" ? "grabbing" : CURSORS[kind] ?? "default";
  }
  requestAnimationFrame(picture);
})();

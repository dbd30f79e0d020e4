"use strict";
/* A robot drawn on a canvas.  Nothing here knows of time, controls or files.

   scene   what never changes: `scene_of` in scene.py says what it holds; and, where there is
           ground, `ground`, the points [x, y] of its surface (`ground_of`)
   frame   where everything is: {poses: [[x, y, angle], ...], com: [[x, y]], targets: [[x, y], ...],
           forces: [[fx, fy], ...]} (`frame_of`); m, rad, N
   view    the camera: {x, y, scale, width, height}, the place in m that is in the middle, pixels
           per m, and the size of the canvas in CSS pixels
   colours of `Scene.colours(element)`, which reads them from the style sheet

   Scene.draw(ctx, scene, frame, options)   clears the canvas and draws all of it
   Scene.bounds(scene, frame)               [left, bottom, right, top] in m of what is to be seen
   Scene.toPixels(view, x, y)               the pixel of a place
   Scene.toWorld(view, px, py)              the place of a pixel
   Scene.decode(motion, scene)              the frames of a motion (`motion_of`)
   Scene.between(one, other, share)         a frame between two
   Scene.fit(canvas)                        a context for the canvas at the screen's resolution  */
const Scene = (() => {
  const NAMES = ["paper", "ink", "muted", "hair", "earth", "surface", "accent", "target", "force"];

  /** The colours that the style sheet gives an element, by name: --paper, --ink, ... */
  function colours(element) {
    const style = getComputedStyle(element);
    return Object.fromEntries(NAMES.map((n) => [n, style.getPropertyValue(`--${n}`).trim()]));
  }

  const toPixels = (view, x, y) => [
    view.width / 2 + (x - view.x) * view.scale,
    view.height / 2 - (y - view.y) * view.scale,
  ];
  const toWorld = (view, px, py) => [
    view.x + (px - view.width / 2) / view.scale,
    view.y - (py - view.height / 2) / view.scale,
  ];

  /** A point of a link's frame in the world. */
  function placed([x, y, angle], [a, b]) {
    const c = Math.cos(angle), s = Math.sin(angle);
    return [x + c * a - s * b, y + s * a + c * b];
  }

  function bounds(scene, frame) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const hold = ([x, y], margin = 0) => {
      box[0] = Math.min(box[0], x - margin);
      box[1] = Math.min(box[1], y - margin);
      box[2] = Math.max(box[2], x + margin);
      box[3] = Math.max(box[3], y + margin);
    };
    scene.links.forEach((link, i) => {
      for (const point of [...link.segment, ...link.outline]) hold(placed(frame.poses[i], point));
    });
    for (const disc of scene.discs) hold(placed(frame.poses[disc.link], disc.at), disc.radius);
    frame.com.forEach((place) => hold(place));
    frame.targets.forEach((place) => hold(place));
    return box;
  }

  /** A colour "#rrggbb" mixed with a share of another: opaque, so that crossing lines stay apart. */
  function mixed(colour, other, share) {
    const channel = (text, i) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
    const mix = (i) => Math.round((1 - share) * channel(colour, i) + share * channel(other, i));
    return `rgb(${mix(0)}, ${mix(1)}, ${mix(2)})`;
  }

  function path(ctx, view, points, closed) {
    ctx.beginPath();
    points.forEach((point, i) => {
      const [px, py] = toPixels(view, ...point);
      if (i === 0) ctx.moveTo(px, py);
      else ctx.lineTo(px, py);
    });
    if (closed) ctx.closePath();
  }

  function dot(ctx, view, place, radius) {
    ctx.beginPath();
    ctx.arc(...toPixels(view, ...place), radius, 0, 2 * Math.PI);
    ctx.fill();
  }

  /** The robot.
      look: {colour, hollow}; a hollow robot is a dashed outline, to be told apart without colour. */
  function robot(ctx, scene, frame, view, colours, look) {
    const width = Math.min(Math.max(scene.girth * view.scale, 3.5), 16);
    const rim = Math.max(1.2, 0.16 * width);
    ctx.lineCap = ctx.lineJoin = "round";
    const depths = [...new Set(scene.links.map((link) => link.depth))].sort((a, b) => b - a);
    for (const depth of depths) {
      const there = (part) => scene.links[part.link].depth === depth;
      const colour = mixed(look.colour, colours.paper, 0.75 * depth);
      // A line first in the rim's colour, then narrower in its own: it stands off from others.
      const stroke = (lineWidth) => {
        const line = (style, size) => {
          ctx.strokeStyle = style;
          ctx.lineWidth = size;
          ctx.stroke();
        };
        line(colours.paper, lineWidth + 2 * rim);
        line(colour, lineWidth);
        if (look.hollow) line(colours.paper, Math.max(lineWidth - 3, 0.5));
      };
      scene.links.forEach((link, i) => {
        if (link.depth !== depth) return;
        const world = (points) => points.map((point) => placed(frame.poses[i], point));
        if (link.outline.length) {
          path(ctx, view, world(link.outline), true);
          if (look.hollow) {
            ctx.fillStyle = colours.paper;
            ctx.fill();
            ctx.strokeStyle = colour;
            ctx.lineWidth = 1.6;
            ctx.stroke();
          } else {
            stroke(0.35 * width);
            ctx.fillStyle = colour;
            ctx.fill();
          }
        }
        if (link.segment.length) {
          path(ctx, view, world(link.segment), false);
          stroke(width);
        }
      });
      for (const disc of scene.discs.filter(there)) {
        const pose = frame.poses[disc.link];
        const [px, py] = toPixels(view, ...placed(pose, disc.at));
        const radius = disc.radius * view.scale;
        ctx.beginPath();
        ctx.arc(px, py, radius, 0, 2 * Math.PI);
        ctx.fillStyle = look.hollow ? colours.paper : colour;
        ctx.fill();
        ctx.lineWidth = look.hollow ? 1.6 : rim;
        ctx.strokeStyle = look.hollow ? colour : colours.paper;
        ctx.stroke();
        ctx.beginPath();  // a spoke shows how it turns
        ctx.moveTo(px, py);
        ctx.lineTo(px + radius * Math.cos(pose[2]), py - radius * Math.sin(pose[2]));
        ctx.strokeStyle = look.hollow ? colour : colours.paper;
        ctx.lineWidth = Math.max(1.2, 0.3 * width);
        ctx.stroke();
      }
      ctx.fillStyle = look.hollow ? colour : colours.paper;
      for (const joint of scene.joints.filter(there)) {
        dot(ctx, view, placed(frame.poses[joint.link], joint.at), 0.26 * width);
      }
    }
    ctx.fillStyle = colours.paper;
    frame.com.forEach((place) => dot(ctx, view, place, 0.42 * width + 2));
    ctx.fillStyle = colours.accent;
    frame.com.forEach((place) => dot(ctx, view, place, 0.42 * width + 0.5));
  }

  /** An arrow at a place in m along a force in N, as long as the scene says; none where it is tiny. */
  function arrow(ctx, scene, view, place, force, colour) {
    const length = Math.hypot(...force) * scene.newton * view.scale;
    if (length < 4) return;
    const [px, py] = toPixels(view, ...place);
    const angle = Math.atan2(-force[1], force[0]);
    const head = Math.min(8, 0.6 * length);
    ctx.save();
    ctx.translate(px, py);
    ctx.rotate(angle);
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = 2.2;
    ctx.lineCap = "butt";
    ctx.beginPath();
    ctx.moveTo(0, 0);
    ctx.lineTo(length - head, 0);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(length, 0);
    ctx.lineTo(length - head, 0.5 * head);
    ctx.lineTo(length - head, -0.5 * head);
    ctx.fill();
    ctx.restore();
  }

  /** The forces of the ground; a disc touches it at its lowest point. */
  function contactForces(ctx, scene, frame, view, colours) {
    scene.contacts.forEach((contact, i) => {
      if (!frame.forces[i]) return;
      const [x, y] = placed(frame.poses[contact.link], contact.at);
      arrow(ctx, scene, view, [x, y - contact.radius], frame.forces[i], colours.force);
    });
  }

  /** The distance of grid lines, 1, 2 or 5 times a power of ten, at least so many pixels apart. */
  function spacing(view, pixels) {
    const least = pixels / view.scale;
    const power = 10 ** Math.floor(Math.log10(least));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= least);
  }

  /** A grid with places in m along the lower edge, ground and rails. */
  function stage(ctx, scene, view, colours) {
    ctx.fillStyle = colours.paper;
    ctx.fillRect(0, 0, view.width, view.height);
    const every = spacing(view, 80);
    const [left, top] = toWorld(view, 0, 0);
    const [right, bottom] = toWorld(view, view.width, view.height);
    ctx.strokeStyle = colours.hair;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let i = Math.ceil(left / every); i * every <= right; i++) {
      const px = Math.round(toPixels(view, i * every, 0)[0]) + 0.5;
      ctx.moveTo(px, 0);
      ctx.lineTo(px, view.height);
    }
    for (let i = Math.ceil(bottom / every); i * every <= top; i++) {
      const py = Math.round(toPixels(view, 0, i * every)[1]) + 0.5;
      ctx.moveTo(0, py);
      ctx.lineTo(view.width, py);
    }
    ctx.stroke();
    ground(ctx, scene, view, colours, left, right);
    ctx.strokeStyle = colours.surface;
    ctx.lineWidth = 2.5;
    for (const rail of scene.rails) {
      const far = Math.hypot(view.width, view.height) / view.scale + Math.hypot(view.x, view.y);
      const dx = far * Math.cos(rail.angle), dy = far * Math.sin(rail.angle);
      const [x, y] = rail.at;
      path(ctx, view, [[x - dx, y - dy], [x + dx, y + dy]], false);
      ctx.stroke();
    }
    ctx.fillStyle = colours.muted;
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    const digits = Math.max(0, -Math.floor(Math.log10(every) + 1e-9));
    for (let i = Math.ceil(left / every); i * every <= right; i++) {
      const px = toPixels(view, i * every, 0)[0];
      if (px < 18 || px > view.width - 18) continue;
      const value = (i * every).toFixed(digits).replace("-", "−");
      ctx.fillText(`${value} m`, px, view.height - 6);
    }
  }

  function ground(ctx, scene, view, colours, left, right) {
    const line = scene.ground ?? [];
    if (!line.length) return;
    // It goes on level beyond what is known of it.
    const ends = [[left, line[0][1]], ...line, [right, line[line.length - 1][1]]];
    const edge = ends.filter(([x], i) => (i > 0 && i <= line.length) || x < line[0][0]
      || x > line[line.length - 1][0]);
    for (const piece of pieces(edge)) {
      const floor = toWorld(view, 0, view.height)[1];
      path(ctx, view, [...piece, [piece[piece.length - 1][0], floor], [piece[0][0], floor]], true);
      ctx.fillStyle = colours.earth;
      ctx.fill();
      path(ctx, view, piece, false);
      ctx.strokeStyle = colours.surface;
      ctx.lineWidth = 1.5;
      ctx.stroke();
    }
  }

  /** The parts of a line between places where it has no height. */
  function pieces(line) {
    const found = [[]];
    for (const point of line) {
      if (point[1] === null) found.push([]);
      else found[found.length - 1].push(point);
    }
    return found.filter((piece) => piece.length > 1);
  }

  function cross(ctx, view, place, colours) {
    const [px, py] = toPixels(view, ...place), r = 6;
    for (const [style, width] of [[colours.paper, 7], [colours.target, 3.5]]) {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      ctx.lineCap = "round";
      ctx.beginPath();
      ctx.moveTo(px - r, py - r);
      ctx.lineTo(px + r, py + r);
      ctx.moveTo(px + r, py - r);
      ctx.lineTo(px - r, py + r);
      ctx.stroke();
    }
  }

  /** Everything in one picture.

      options: {view, colours} and, each only where it is wanted,
      hollow   draw the robot as an outline
      trail    [[x, y], ...] of the centre of mass
      forces   draw those of the ground
      pushes   [{at: [x, y], force: [fx, fy]}, ...] in m and N  */
  function draw(ctx, scene, frame, options) {
    const { view, colours } = options;
    ctx.save();
    stage(ctx, scene, view, colours);
    if (options.trail?.length > 1) {
      path(ctx, view, options.trail, false);
      ctx.strokeStyle = colours.accent;
      ctx.globalAlpha = 0.6;
      ctx.lineWidth = 1.5;
      ctx.lineJoin = "round";
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    const look = { colour: options.hollow ? colours.muted : colours.ink, hollow: options.hollow };
    robot(ctx, scene, frame, view, colours, look);
    for (const place of frame.targets) cross(ctx, view, place, colours);
    if (options.forces) contactForces(ctx, scene, frame, view, colours);
    for (const push of options.pushes ?? []) {
      arrow(ctx, scene, view, push.at, push.force, colours.target);
    }
    ctx.restore();
  }

  /** Whole numbers that were packed as differences. */
  function unpacked(column, unit) {
    let sum = 0;
    return column.map((change) => (sum += change) * unit);
  }

  function decode(motion, scene) {
    const units = { poses: [scene.unit, scene.unit, 1e-3], forces: [1, 1] };
    const parts = Object.entries(motion.frames).map(([part, columns]) => {
      const own = units[part] ?? [scene.unit, scene.unit];
      return [part, columns.map((column, i) => unpacked(column, own[i % own.length])), own.length];
    });
    const count = motion.frames.com[0].length;
    return Array.from({ length: count }, (_, t) => Object.fromEntries(
      parts.map(([part, columns, size]) => {
        const rows = [];
        for (let i = 0; i < columns.length; i += size) {
          rows.push(columns.slice(i, i + size).map((column) => column[t]));
        }
        return [part, rows];
      })
    ));
  }

  /** A share of 0 is the first frame, 1 the other one; forces stay those of the first. */
  function between(one, other, share) {
    const mix = (part) => one[part].map((row, i) =>
      row.map((value, j) => value + share * (other[part][i][j] - value)));
    return { poses: mix("poses"), com: mix("com"), targets: one.targets, forces: one.forces };
  }

  function fit(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    return ctx;
  }

  return { draw, bounds, toPixels, toWorld, decode, unpacked, between, colours, fit };
})();

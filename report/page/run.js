"use strict";
/* report.html of a run: puts player and charts in their places. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const unpack = (column) => Scene.unpacked(column.changes, column.unit);
  const player = Player(data, {
    lanes: [at("policy"), at("initial")],
    play: at("play"),
    time: at("time"),
    clock: at("clock"),
    speed: at("speed"),
    forces: at("forces"),
  });
  const step = data.motions[0].step;
  const scrub = (t) => {
    player.pause();
    player.seek(t);
  };

  /** A chart under the player. */
  function timeline(title, series) {
    const looks = series.map((one, i) => ({ look: Chart.look(i), ...one }));
    const chart = Chart.lines(at("timeline"), { title, x: { step, unit: "s" }, series: looks, scrub });
    player.onMove(chart.at);
  }

  /** A small chart of one quantity: the policy, and the trajectory that it began with. */
  function card(host, quantity) {
    const [learned, initial] = quantity.columns.map(unpack);
    const chart = Chart.lines(host, {
      title: `${quantity.name}, ${quantity.unit}`,
      x: { step, unit: "s" },
      series: [
        { name: "first", values: initial, look: Chart.INITIAL },
        { name: "policy", values: learned, look: Chart.LEARNED },
      ],
      height: 110,
      legend: false,
      scrub,
    });
    player.onMove(chart.at);
  }

  for (const unit of new Set(data.actions.map((action) => action.unit))) {
    const alike = data.actions.filter((action) => action.unit === unit);
    timeline(`actions, ${unit}`,
      alike.map((one) => ({ name: one.name, values: unpack(one.columns[0]) })));
  }
  // Of each contact point the force that carries, upwards.
  const carried = data.scene.contacts.map((contact, i) => ({
    name: contact.name,
    values: Scene.unpacked(data.motions[0].frames.forces[2 * i + 1], 1),
  }));
  const touching = carried.filter((one) => Math.max(...one.values) > 0);
  if (touching.length) timeline("forces of the ground, upwards, N", touching);

  const curve = data.curve;
  Chart.lines(at("curve"), {
    title: "average cost of a rollout, by iteration",
    x: { values: curve.iteration },
    y: { log: true },
    series: [
      { name: "with its noise", values: curve.stochastic, look: Chart.LEARNED },
      { name: "without", values: curve.deterministic, look: { ...Chart.LEARNED, dash: "5 3" } },
    ],
    level: { name: "initial trajectory", value: curve.ddp,
      look: { colour: "var(--ink)", width: 1.2, dash: "1.5 3" } },
    marks: curve.finish === null ? [] : [{ x: curve.finish - 0.5, text: "finish" }],
    height: 240,
    lost: true,
  });

  data.actions.forEach((action) => card(at("actions"), action));
  data.states.forEach((state) => card(at(state.unit.endsWith("/s") ? "rates" : "states"), state));

  for (const axis of ["x", "y"]) {
    Chart.lines(at("paths"), {
      title: `${axis} of the centre of mass, m`,
      x: { step: data.paths.step, unit: "s" },
      series: [
        ...data.paths[axis].map((column) => ({ values: unpack(column), look: Chart.QUIET })),
        { values: unpack(data.paths.learned[axis]), look: Chart.LEARNED },
      ],
      height: 150,
      legend: false,
    });
  }

  // While the robot learns the page is written again and again, and asks for itself.
  const KEY = `vgps ${location.pathname}`, OFTEN = 5000, GIVEN_UP = 600;
  try {
    const state = JSON.parse(sessionStorage.getItem(KEY));
    if (data.live && state) player.restore(state);
    sessionStorage.removeItem(KEY);
  } catch {
    // Without storage it begins anew each time.
  }
  if (data.live && Date.now() / 1000 - data.live < GIVEN_UP) {
    setInterval(() => {
      if (document.hidden) return;
      try {
        sessionStorage.setItem(KEY, JSON.stringify(player.state));
      } catch {
        // As above.
      }
      location.reload();
    }, OFTEN);
  }
})();

// Puts the page together: a source of steps, the player, and everything that follows the step.

const SPEEDS = [0.25, 0.5, 1, 2, 4];

/** Draws a screen with its maps: that of a step, or a changed one, on which the preferences are others. */
function drawScreen(source, { choices, actions }, step, screen, maps, preferences = null) {
  const { page } = source;
  const strengths = maps.map((map) => map && peakStrength(map, choices.scale, page));
  paintScreen(find("game"), screen);
  const drawOverlay = () => paintOverlay(find("overlay"), screen, maps[0], strengths[0], choices.blend, page);
  drawOverlay();
  listObjects(maps[0], (box) => framePart(find("overlay"), drawOverlay, box));
  actions.show(step, preferences);
  actions.showMaps(step, screen, maps.slice(1), strengths.slice(1));
  const words = targetAt(choices.target, source, step, choices.method);
  showWords(source, step, preferences ? `on the changed screen, ${words}` : words, choices.method, maps[0]);
}

/** Draws a step everywhere; a step that was overtaken by another is dropped. */
function makeShow(source, parts) {
  let newest = 0;
  return async (step) => {
    const number = ++newest;
    const { choices, actions } = parts;
    const wanted = [choices.target, ...actions.targets].map((each) => [choices.methodFor(each), each]);
    source.wanted = wanted;
    const screen = await source.screen(step);
    const maps = await Promise.all(wanted.map(([by, each]) => source.map(step, by, each)));
    if (number !== newest) return;
    drawScreen(source, parts, step, screen, maps);
    parts.timeline.show(step);
    for (const curve of parts.curves) curve.show(step);
    const changing = parts.whatIf?.follow(step, screen, maps, parts.player.isPlaying);
    if (parts.player.isPlaying) return;
    if (!changing) find("announcer").textContent = stepSentence(source, step, maps[0]);
    parts.address?.write(step);
  };
}

/** Writes what is said about a step, and the words on its map. */
function showWords(source, step, words, method, map) {
  const { page } = source;
  find("overlay-caption").replaceChildren(element("b", {}, words), ` ${method}, ${mapNote(map, page)}`);
  find("known").replaceChildren(...knownWords(method, page));
  find("overlay").setAttribute("aria-label", `The game under the map: ${words}`);
  find("blank").hidden = !faintReason(map, page);
  find("blank").textContent = faintReason(map, page);
  writePairs(find("figures"), stepFigures(source, step));
  const end = source.isOver ? ", game over" : "";
  find("position").textContent = source.isLive ? `Step ${step}${end}` : `Step ${step} of ${source.length - 1}`;
}

function wantsCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function showPlaying(player) {
  find("play").textContent = player.isPlaying ? "Pause" : "Play";
  find("speed").value = String(player.speed);
}

/** Connects the buttons under the picture. */
function listenToControls(player, jump, save) {
  const deeds = {
    play: () => player.toggle(),
    first: () => player.by(-Infinity),
    back: () => player.by(-1),
    forward: () => player.by(1),
    last: () => player.by(Infinity),
    "previous-mark": () => jump(-1),
    "next-mark": () => jump(1),
    save,
  };
  for (const [id, deed] of Object.entries(deeds)) find(id).addEventListener("click", deed);
  find("speed").replaceChildren(...SPEEDS.map((speed) => element("option", { value: speed }, `× ${speed}`)));
  find("speed").addEventListener("change", () => player.setSpeed(Number(find("speed").value)));
}

/** The curves of what the critic makes of the game, and of how sure the agent is. */
function criticCurves(source, seek) {
  const unit = "expected return, clipped and discounted";
  if (source.page.judges_actions) {
    return [
      new Curve("Best Q-value", unit, (from) => from.series.value, source, seek),
      new Curve("Lead", "of the best Q-value over the next", (from) => from.series.margin, source, seek),
    ];
  }
  return [
    new Curve("Value", unit, (from) => from.series.value, source, seek),
    new Curve("Entropy", "nats", (from) => from.series.entropy, source, seek),
  ];
}

/** Makes what follows the step, and what moves it; a report has an address that does both. */
function assemble(source, address = null) {
  const parts = { address };
  const player = new Player(source, makeShow(source, parts), () => showPlaying(player));
  const again = () => player.seek(player.step);
  const seek = (step) => {
    player.pause();
    address?.write(clamp(Math.round(step), source.first, player.last), true);
    return player.seek(step);
  };
  const save = () => savePicture(source.page, player.step);
  const actions = new Actions(source, (name) => {
    actions.chosen = name;
    parts.choices.setTarget(name === null ? source.page.default.target : `action:${name}`);
  });
  Object.assign(parts, {
    player,
    actions,
    choices: new Choices(source, again),
    timeline: new Timeline(source, player),
    curves: [
      new Curve("Score", "points", (from) => scores(from.series), source, seek),
      ...criticCurves(source, seek),
    ],
  });
  find("curves").replaceChildren(...parts.curves.map((curve) => curve.figure));
  const jump = (direction) => seek(parts.timeline.neighbour(player.step, direction));
  for (const id of ["why-own", "why-contrast"]) {
    find(id).addEventListener("click", () => parts.choices.setTarget(actions.targets[id === "why-own" ? 0 : 1]));
  }
  listenToControls(player, jump, save);
  listenToKeys(player, SPEEDS, jump, save);
  showPlaying(player);
  return { player, seek, parts };
}

async function startReport(data) {
  const source = new ReportSource(data);
  showFacts(source.page);
  showTruth(source.page);
  const address = new Address();
  const { player, seek } = assemble(source, address);
  const goTo = async (step) => {
    await seek(step);
    find("player").focus({ preventScroll: true });
    find("player").scrollIntoView({ behavior: wantsCalm() ? "auto" : "smooth" });
  };
  address.listen((step) => {
    player.pause();
    player.seek(step);
  });
  await player.seek(address.step ?? source.page.opening);
  await showMoments(source, goTo);
}

/** Says something on top of the page. */
function warn(text) {
  find("warnings").hidden = !text;
  find("warnings").replaceChildren(element("p", { className: "warning" }, text));
}

/** Plays to the step that a link names, unseen, and changes it as the link says; or says why that cannot be. */
async function openLink(source, { player, timeline, whatIf }, { seed, step, screen, edits }) {
  player.pause();
  warn("");
  const isKept = seed === source.seed && step >= source.first;
  if (!isKept) {
    whatIf.close();
    await source.startNewGame(seed);
    timeline.clear();
  }
  while (source.length <= step) {
    find("position").textContent = `Playing to step ${step}: ${source.length}`;
    if (!(await source.advance())) break;
  }
  if (!source.length) return;
  await player.seek(step);
  if (player.step !== step) {
    warn(`The link leads to step ${step}, but this game was over at step ${player.last}.`);
  } else if (fingerprint(await source.screen(step)) !== screen) {
    warn(`Step ${step} shows another screen than the link was made for: another agent, seed, protocol or choice of actions.`);
  } else await whatIf.open(step, edits);
}

/** Plays on, unseen, to where something hangs on the action; then in sight, where the reader's system does not mind. */
async function openGame(source, player) {
  const { lively_gap: lively, steps_before: [fewest, most] } = source.page;
  const gap = ({ probabilities }) => Math.max(...probabilities.at(-1)) - Math.min(...probabilities.at(-1));
  do {
    if (!(await source.advance())) break;
  } while (source.length <= fewest || (source.length <= most && gap(source.series) < lively));
  if (!source.length) return;
  await player.seek(source.length - 1);
  if (!wantsCalm()) player.play();
}

async function startLive() {
  let player = null;
  const source = await LiveSource.open((reason) => {
    player?.pause();
    warn(`This game has ended: ${reason}. Reload the page for a new one.`);
  });
  for (const id of ["moments-section", "truth-section", "moment-legend", "address-hint"]) find(id).hidden = true;
  for (const id of ["new-game", "what-if"]) find(id).hidden = false;
  showFacts(source.page);
  const assembled = assemble(source);
  const { parts } = assembled;
  player = assembled.player;
  parts.whatIf = new WhatIf(source, (...drawn) => drawScreen(source, parts, ...drawn));
  find("what-if").addEventListener("click", async (event) => {
    player.pause();
    if (parts.whatIf.isOpen || !source.length) return void parts.whatIf.close();
    await parts.whatIf.open(player.step);
    find("game-figure").scrollIntoView({ block: "nearest", behavior: wantsCalm() ? "auto" : "smooth" });
    if (event.detail === 0) find("handles").querySelector("button:not([hidden])")?.focus(); // it was opened by a key
  });
  find("new-game").addEventListener("click", async () => {
    player.pause();
    parts.whatIf.close();
    await source.startNewGame();
    parts.timeline.clear();
    await openGame(source, player);
  });
  addEventListener("hashchange", () => {
    if (readLink()) openLink(source, parts, readLink());
  });
  await (readLink() ? openLink(source, parts, readLink()) : openGame(source, player));
}

setUpTheme();
const data = JSON.parse(find("data").textContent);
await (data ? startReport(data) : startLive());
document.documentElement.dataset.ready = "true";

/* Which model is asked about what, and when: a picture that was given, or a screen of the game that came along. */

const PLAY_MILLISECONDS = 400;
const models = new Map();
const games = new Map();
const why = new Why();
let picture = null;
let step = null;
let isPlaying = false;
let turn = 0;

function chosenModel() {
  return models.get(byId("model").value);
}

function chosenGame() {
  return games.get(byId("model").value);
}

function complain(text) {
  byId("problem").textContent = text;
  show("problem", text !== "");
}

function doubt(text) {
  byId("doubt").textContent = text;
  show("doubt", text !== "");
}

function forgetAnswer(reason) {
  why.close();
  doubt("");
  byId("waiting").textContent = reason;
  show("waiting", true);
  for (const id of ["answer", "overlay-figure", "note", "more"]) {
    show(id, false);
  }
}

/* A later question overtakes the earlier ones, whatever the order of their answers. */
async function answerLast(question) {
  const asked = ++turn;
  document.body.classList.add("busy");
  complain("");
  try {
    const showFound = await question();
    if (asked === turn) {
      showFound();
    }
  } catch (error) {
    if (asked === turn) {
      stopPlaying();
      forgetAnswer("There is none.");
      complain(error.message);
    }
  }
  if (asked === turn) {
    document.body.classList.remove("busy");
  }
}

/* Shows an answer; where the model says why not, its actions are buttons that ask about the frame that was seen. */
function present(model, signature, { prediction, milliseconds }, seen, overlay = null) {
  why.close();
  const labels = chosenGame()?.told.action_labels ?? prediction?.action_names;
  const canAsk = model.memory !== null && seen !== null;
  const askWhy = async (target) => {
    try {
      await why.ask(model, { ...seen, prediction, labels }, target);
    } catch (error) {
      complain(error.message);
    }
  };
  showAnswer(model, prediction, { signature, milliseconds, labels, overlay, askWhy: canAsk ? askWhy : null });
}

/* Asks about the picture that was given: the agent has seen nothing before it. */
function askPicture(model) {
  const given = picture;
  return answerLast(async () => {
    const answer = await predict(model, model.signature, pictureInstance(await readBase64(given.blob)));
    const [frame] = await readFrames(given.blob).catch(() => [null]);
    return () => {
      byId("command").textContent = shellCommand(model, given.name, given.sample);
      show("more", true);
      show("command-part", true);
      const seen = frame && model.memory && { frame, memory: emptyMemory(model) };
      present(model, model.signature, answer, seen);
      doubt((frame && chosenGame()?.doubt(frame)) || "");
    };
  });
}

/* Asks about a screen of the game: the agent has seen those before it. */
function askGame(model, game) {
  const at = step;
  return answerLast(async () => {
    const answer = await game.answerAt(at);
    return () => {
      const { heatmap, heatmap_box: box } = answer.prediction;
      show("stage", true);
      show("given", true);
      byId("given").src = framePicture(game.frames[at]);
      byId("given-caption").textContent = `Screen ${at + 1} of ${game.frames.length} of a game that the agent played`;
      show("more", true);
      show("command-part", false);
      const seen = { frame: game.frames[at], memory: game.memories[at] };
      present(model, "step", answer, seen, heatPicture(seen.frame, heatmap, box));
      doubt("");
      byId("back").disabled = at === 0;
      byId("forward").disabled = at === game.frames.length - 1;
    };
  });
}

function ask() {
  const [model, game] = [chosenModel(), chosenGame()];
  show("game-controls", step !== null && Boolean(game));
  if (step !== null && game) {
    return askGame(model, game);
  }
  return picture && model ? askPicture(model) : null;
}

function take(blob, name, sample) {
  stopPlaying();
  if (picture) {
    URL.revokeObjectURL(picture.url);
  }
  step = null;
  picture = { blob, name, sample, url: URL.createObjectURL(blob) };
  show("stage", true);
  show("given", true);
  byId("given").src = picture.url;
  byId("given-caption").textContent = name;
  return ask();
}

async function takeSample() {
  const { name, sample } = chosenModel();
  try {
    const response = await request(sample);
    if (!response.ok) {
      throw new Error(`${response.status}: the sample is not there any more.`);
    }
    await take(await response.blob(), `${name.replaceAll(/[^\w-]/g, "_")}.png`, sample);
  } catch (error) {
    complain(error.message);
  }
}

function goTo(wanted) {
  const game = chosenGame();
  step = Math.min(Math.max(wanted, 0), game.frames.length - 1);
  return ask();
}

function stopPlaying() {
  isPlaying = false;
  byId("play").textContent = "Play";
}

async function play() {
  isPlaying = true;
  byId("play").textContent = "Pause";
  const game = chosenGame();
  if (step === game.frames.length - 1) {
    await goTo(0);
  }
  while (isPlaying && chosenGame() === game && step < game.frames.length - 1) {
    await Promise.all([goTo(step + 1), new Promise((resolve) => setTimeout(resolve, PLAY_MILLISECONDS))]);
  }
  stopPlaying();
}

function firstPicture(transfer) {
  return [...(transfer?.files ?? [])][0];
}

async function takeFile(file) {
  if (!file) {
    return;
  }
  if (await isPicture(file)) {
    await take(file, file.name, null);
    return;
  }
  turn++;
  document.body.classList.remove("busy");
  stopPlaying();
  forgetAnswer("There is none.");
  complain(`${file.name} is no picture that a model can read: it takes PNG and JPEG.`);
}

/* Shows a model with what was given, else with what it brings along. */
async function chooseModel() {
  stopPlaying();
  step = null;
  const model = chosenModel();
  show("sample", Boolean(model?.sample));
  show("game", Boolean(model?.game));
  forgetAnswer("Nothing has been asked yet.");
  if (model?.game && model.memory !== null && !games.has(model.name)) {
    try {
      games.set(model.name, await Game.load(model));
    } catch (error) {
      complain(error.message);
    }
  }
  if (model !== chosenModel()) {
    return;
  }
  if (!model || (picture && !picture.sample)) {
    await ask();
  } else if (chosenGame() && step === null) {
    await goTo(0);
  } else if (model.sample) {
    await takeSample();
  }
}

async function start() {
  try {
    const response = await request("/models.json");
    for (const model of (await response.json()).models) {
      models.set(model.name, model);
      byId("model").append(new Option(`${model.name}, version ${model.version}`, model.name));
    }
    if (models.size === 0) {
      complain("No model here takes a screenshot: a signature whose one input is image_bytes, of text.");
    } else {
      byId("model").disabled = byId("file").disabled = false;
    }
    await chooseModel();
  } catch (error) {
    complain(error.message);
  }
  document.documentElement.dataset.ready = "true";
}

byId("model").addEventListener("change", chooseModel);
byId("file").addEventListener("change", (event) => {
  takeFile(event.target.files[0]);
  event.target.value = ""; // The same file may be chosen again.
});
byId("sample").addEventListener("click", takeSample);
byId("game").addEventListener("click", () => goTo(0));
byId("back").addEventListener("click", () => {
  stopPlaying();
  goTo(step - 1);
});
byId("forward").addEventListener("click", () => {
  stopPlaying();
  goTo(step + 1);
});
byId("play").addEventListener("click", () => (isPlaying ? stopPlaying() : play()));
byId("given").addEventListener("error", () => {
  show("given", false);
  byId("given-caption").textContent = `${picture.name}: not a picture this browser can show`;
});
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
}
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) {
    document.body.classList.remove("dragging");
  }
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  takeFile(firstPicture(event.dataTransfer));
});
addEventListener("paste", (event) => takeFile(firstPicture(event.clipboardData)));
if (navigator.clipboard) {
  show("copy", true);
  byId("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("command").textContent);
    byId("copy").textContent = "Copied";
    setTimeout(() => (byId("copy").textContent = "Copy"), 1500);
  });
}
start();

/* Which model is asked about which picture, and when. */

const models = new Map();
let picture = null;
let turn = 0;

function chosenModel() {
  return models.get(byId("model").value);
}

function complain(text) {
  byId("problem").textContent = text;
  show("problem", text !== "");
}

function forgetAnswer(reason) {
  byId("waiting").textContent = reason;
  show("waiting", true);
  for (const id of ["answer", "overlay-figure", "outputs-details"]) {
    show(id, false);
  }
}

function readBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("No answer: the server is not there, or has closed the connection.");
  }
  return response;
}

async function predict(model, blob) {
  const body = requestBody(model, await readBase64(blob));
  const start = performance.now();
  const response = await request(predictPath(model), { method: "POST", body });
  const text = await response.text();
  const content = response.headers.get("content-type") === "application/json" ? readJson(text) : { error: text };
  if (!response.ok) {
    throw new Error(`${response.status}: ${content.error}`);
  }
  return { prediction: content.predictions[0], milliseconds: performance.now() - start };
}

/* A later question overtakes the earlier ones, whatever the order of their answers. */
async function ask() {
  const model = chosenModel();
  if (!picture || !model) {
    return;
  }
  const asked = ++turn;
  document.body.classList.add("busy");
  byId("command").textContent = shellCommand(model, picture.name, picture.sample);
  show("more", true);
  complain("");
  try {
    const { prediction, milliseconds } = await predict(model, picture.blob);
    if (asked === turn) {
      showAnswer(model, prediction, milliseconds);
    }
  } catch (error) {
    if (asked === turn) {
      forgetAnswer("There is none.");
      complain(error.message);
    }
  }
  if (asked === turn) {
    document.body.classList.remove("busy");
  }
}

function take(blob, name, sample) {
  if (picture) {
    URL.revokeObjectURL(picture.url);
  }
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

function firstPicture(transfer) {
  return [...(transfer?.files ?? [])][0];
}

function takeFile(file) {
  if (file) {
    take(file, file.name, null);
  }
}

function chooseModel() {
  show("sample", Boolean(chosenModel()?.sample));
  forgetAnswer("Nothing has been asked yet.");
  ask();
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
    chooseModel();
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

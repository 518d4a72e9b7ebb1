/* What a model answered, from its bytes to the page. */

const STATUS_TEXTS = {
  ok: "ok",
  all_negative: "all_negative: blank, nothing on the screen spoke for this action",
  zero_gradient: "zero_gradient: blank, the action does not depend on the screen",
  not_finite: "not_finite: blank, the network answers what is no number",
};
const LONGEST_OUTPUT = 160;

/* The contract writes NaN and the infinities as bare tokens, which no browser reads: they become text. */
function readJson(text) {
  const stringOrToken = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
  return JSON.parse(text.replace(stringOrToken, (found) => (found[0] === '"' ? found : `"${found}"`)));
}

function isBase64(value) {
  return typeof value?.b64 === "string";
}

function shortNumber(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

function shortText(value) {
  if (isBase64(value)) {
    return `${Math.floor((value.b64.replace(/=+$/, "").length * 3) / 4)} bytes`;
  }
  const text = JSON.stringify(value);
  return text.length > LONGEST_OUTPUT ? `${text.slice(0, LONGEST_OUTPUT)}…` : text;
}

/* How long bars are drawn, from 0 to 1: probabilities as they are, Q-values from the lowest to the highest. */
function barLengths(figures, areQValues) {
  const numbers = figures.map((figure) => Number(figure) || 0);
  const [low, high] = areQValues ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
  return numbers.map((number) => (high > low ? Math.min(Math.max((number - low) / (high - low), 0), 1) : 0.5));
}

/* The actions with their probabilities, or Q-values where the model gives them; those that one can ask about are buttons, and `askWhy(index)` is called. */
function showBars(prediction, labels, askWhy) {
  const areQValues = Array.isArray(prediction.q_values);
  const figures = areQValues ? prediction.q_values : prediction.action_probabilities;
  const isKnown = Array.isArray(figures);
  const lengths = barLengths(isKnown ? figures : [], areQValues);
  const names = labels ?? (Array.isArray(prediction.action_names) ? prediction.action_names : []);
  const bars = (isKnown ? figures : []).map((found, index) => {
    const bar = element("span", "bar");
    bar.style.width = `${100 * lengths[index]}%`;
    const name = element("span", "name", String(names[index] ?? index));
    const figure = element("span", "share", typeof found === "number" ? found.toFixed(3) : String(found));
    const row = element(askWhy ? "button" : "div", "row", name, element("span", "track", bar), figure);
    if (askWhy) {
      row.type = "button";
      row.setAttribute("aria-pressed", "false");
      row.addEventListener("click", () => askWhy(index));
    }
    return element("li", index === prediction.action ? "taken" : "", row);
  });
  byId("bars").replaceChildren(...bars);
  show("bars", isKnown);
  byId("bars-title").textContent = areQValues ? "What it could do, by Q-value" : "What it could do";
  show("bars-title", isKnown);
  show("why-hint", isKnown && Boolean(askWhy));
}

function showFacts(model, signature, prediction, milliseconds) {
  const facts = [];
  if ("value" in prediction) {
    facts.push([Array.isArray(prediction.q_values) ? "Best Q-value" : "Value", shortNumber(prediction.value)]);
  }
  if ("heatmap_status" in prediction) {
    const status = String(prediction.heatmap_status);
    facts.push(["Heatmap", Object.hasOwn(STATUS_TEXTS, status) ? STATUS_TEXTS[status] : status]);
  }
  if ("heatmap_peak" in prediction) {
    facts.push(["Raw peak", shortNumber(prediction.heatmap_peak)]);
  }
  facts.push(["Model", `${model.name}, version ${model.version}`], ["Signature", signature]);
  facts.push(["Answered in", `${Math.round(milliseconds)} ms`]);
  byId("facts").replaceChildren(...pairs(facts));
}

/* Shows what was answered: by which signature, in how long, with which labels for actions and which picture of the
   heatmap, where the answer brings none, and what asks about an action. */
function showAnswer(model, found, { signature, milliseconds, labels, overlay, askWhy }) {
  const isNamed = typeof found === "object" && found !== null && !Array.isArray(found) && !isBase64(found);
  const prediction = isNamed ? found : { output: found };
  const action = labels?.[prediction.action] ?? prediction.action_name ?? prediction.action;
  byId("action").textContent = action === undefined ? "" : String(action);
  show("action-line", action !== undefined);
  showFacts(model, signature, prediction, milliseconds);
  showBars(prediction, labels, askWhy);
  byId("outputs").replaceChildren(...pairs(Object.entries(prediction).map(([name, value]) => [name, shortText(value)])));
  byId("outputs-details").open = action === undefined;
  show("outputs-details", true);
  const bytes = prediction.overlay_bytes;
  const address = isBase64(bytes) ? `data:image/png;base64,${bytes.b64}` : overlay;
  if (address) {
    byId("overlay").src = address;
  }
  show("overlay-figure", Boolean(address));
  byId("note").textContent = model.note ?? "";
  show("note", Boolean(address && model.note));
  show("answer", true);
  show("waiting", false);
}

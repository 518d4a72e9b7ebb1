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

function showBars(prediction) {
  const shares = prediction.action_probabilities;
  const isKnown = Array.isArray(shares);
  const names = Array.isArray(prediction.action_names) ? prediction.action_names : [];
  const bars = (isKnown ? shares : []).map((share, index) => {
    const bar = element("span", "bar");
    bar.style.width = `${100 * Math.min(Math.max(Number(share) || 0, 0), 1)}%`;
    const name = element("span", "name", String(names[index] ?? index));
    const figure = element("span", "share", typeof share === "number" ? share.toFixed(3) : String(share));
    return element("li", index === prediction.action ? "taken" : "", name, element("span", "track", bar), figure);
  });
  byId("bars").replaceChildren(...bars);
  show("bars", isKnown);
  show("bars-title", isKnown);
}

function showFacts(model, prediction, milliseconds) {
  const facts = [];
  if ("value" in prediction) {
    facts.push(["Value", shortNumber(prediction.value)]);
  }
  if ("heatmap_status" in prediction) {
    const status = String(prediction.heatmap_status);
    facts.push(["Heatmap", Object.hasOwn(STATUS_TEXTS, status) ? STATUS_TEXTS[status] : status]);
  }
  if ("heatmap_peak" in prediction) {
    facts.push(["Raw peak", shortNumber(prediction.heatmap_peak)]);
  }
  facts.push(["Model", `${model.name}, version ${model.version}`], ["Signature", model.signature]);
  facts.push(["Answered in", `${Math.round(milliseconds)} ms`]);
  byId("facts").replaceChildren(...pairs(facts));
}

function showAnswer(model, found, milliseconds) {
  const isNamed = typeof found === "object" && found !== null && !Array.isArray(found) && !isBase64(found);
  const prediction = isNamed ? found : { output: found };
  const action = prediction.action_name ?? prediction.action;
  byId("action").textContent = action === undefined ? "" : String(action);
  show("action-line", action !== undefined);
  showFacts(model, prediction, milliseconds);
  showBars(prediction);
  byId("outputs").replaceChildren(...pairs(Object.entries(prediction).map(([name, value]) => [name, shortText(value)])));
  byId("outputs-details").open = action === undefined;
  show("outputs-details", true);
  const hasOverlay = isBase64(prediction.overlay_bytes);
  if (hasOverlay) {
    byId("overlay").src = `data:image/png;base64,${prediction.overlay_bytes.b64}`;
  }
  show("overlay-figure", hasOverlay);
  show("answer", true);
  show("waiting", false);
}

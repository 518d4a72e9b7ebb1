/* Questions to the server, and what it says where it refuses one. */

function readBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Error("No answer: the server is not there, or has closed the connection.");
  }
}

/* What a graph asserts comes as a list in brackets, among names of its parts: the words alone are for people. */
function plainWords(text) {
  const asserted = /assertion failed: ((?:\[[^\]]*\] ?)+)/.exec(text);
  return asserted ? asserted[1].replaceAll(/\]\s*\[/g, " ").replaceAll(/[[\]]/g, "").trim() : text;
}

/* Asks a signature about one instance. */
async function predict(model, signature, instance) {
  const start = performance.now();
  const response = await request(predictPath(model), { method: "POST", body: requestBody(signature, instance) });
  const text = await response.text();
  const content = response.headers.get("content-type") === "application/json" ? readJson(text) : { error: text };
  if (!response.ok) {
    throw new Error(`The model refuses this (${response.status}): ${plainWords(String(content.error))}`);
  }
  return { prediction: content.predictions[0], milliseconds: performance.now() - start };
}

/* The memory of an agent that has seen nothing yet. */
function emptyMemory(model) {
  const zeros = ([size, ...rest]) => (size === undefined ? 0 : Array.from({ length: size }, () => zeros(rest)));
  return Object.fromEntries(Object.entries(model.memory).map(([name, shape]) => [name, zeros(shape)]));
}

// What stands on the page once and for all: title, warnings, key moments, truth table, how it was made.

const TRUTH_COLUMNS = ["Claim", "Verdict", "Figure", "Held against"];
const Q_HINTS = {
  "actions-hint":
    "Q-value of each action: the return that the agent expects of it. The bars run from the lowest to the highest one of the step. Choose one to see what speaks for it, and why it was or was not taken.",
  "moments-hint":
    "Where most hung on the action: the widest gap between the best and the worst Q-value, no two moments alike.",
};
const VERDICT_SIGNS = { yes: "✓", no: "✕", "not shown": "?" };

function showFacts(page) {
  find("title").textContent = page.game;
  find("subtitle").textContent = page.subtitle;
  find("warnings").hidden = page.warnings.length === 0;
  find("warnings").replaceChildren(...page.warnings.map((text) => element("p", { className: "warning" }, text)));
  writePairs(find("made"), page.made);
  find("left-out").replaceChildren(...page.left_out.map((text) => element("li", {}, `Left out: ${text}`)));
  find("trust-summary").hidden = !page.truth_summary;
  find("trust-summary").textContent = page.truth_summary ?? "";
  paintScaleKey(find("scale-key"), page);
  if (page.judges_actions) for (const [id, words] of Object.entries(Q_HINTS)) find(id).textContent = words;
}

/** Draws the key moments as buttons that jump there. */
async function showMoments(source, seek) {
  const { page } = source;
  find("moments").replaceChildren(
    ...page.moments.map(({ step, best, spread }) => {
      const canvas = element("canvas", { width: 160, height: 210, "aria-hidden": "true" });
      const words = element("span", {}, element("b", {}, `Step ${step}`), ` ${page.labels[best]}, gap ${sayPreference(spread, page)}`);
      const button = element("button", { type: "button" }, canvas, words);
      button.addEventListener("click", () => seek(step));
      return element("li", {}, button);
    }),
  );
  const { method, target } = page.default;
  for (const [index, { step }] of page.moments.entries()) {
    const [screen, map] = [await source.screen(step), await source.map(step, method, target)];
    const button = find("moments").children[index].querySelector("button");
    paintOverlay(button.querySelector("canvas"), screen, map, map && peakStrength(map, "episode", page), 1, page);
    button.querySelector("span").append(element("small", {}, faintReason(map, page)));
  }
}

/** Draws the truth table, or says how to make one. */
function showTruth(page) {
  if (!page.truth) {
    const command = element("code", {}, page.truth_command);
    find("truth").replaceChildren(element("p", {}, "Not tested yet. ", command, " tests it against its baselines."));
    return;
  }
  // The roles are said again, since a narrow page lays the table out as blocks and would take them away.
  const heads = TRUTH_COLUMNS.map((name) => element("th", { scope: "col", role: "columnheader" }, name));
  const body = element("tbody", { role: "rowgroup" }, ...page.truth.map(claimRow));
  const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
  const table = element("table", { role: "table" }, head, body);
  find("truth").replaceChildren(element("p", {}, page.truth_summary), table);
}

/** A verdict as a word with a sign and a colour. */
function verdictMark(verdict) {
  return element("span", { className: `verdict ${verdict.replace(" ", "-")}` }, `${VERDICT_SIGNS[verdict]} ${verdict}`);
}

/** What a claim was held against, and whether it holds against that; what does not decide stands below. */
function rivalLists(rivals) {
  const line = ({ against, figure: measured, verdict }) => {
    const number = measured === null ? "" : ` (${significant(measured)})`;
    return element("li", {}, `${against}${number}`, ...(verdict ? [": ", verdictMark(verdict)] : []));
  };
  const list = (decides) => {
    const lines = rivals.filter((rival) => rival.decides === decides).map(line);
    return lines.length ? [element("ul", {}, ...lines)] : [];
  };
  const rest = list(false);
  return [...list(true), ...(rest.length ? [element("small", {}, "To compare, without a say in the verdict:"), ...rest] : [])];
}

function claimRow({ claim, verdict, figure: measured, interval, rivals, note }) {
  const range = interval ? ` [${significant(interval[0])}, ${significant(interval[1])}]` : "";
  const words = element("th", { scope: "row", role: "rowheader" }, claim);
  if (note) words.append(element("small", {}, note));
  const number = measured === null ? "none" : `${significant(measured)}${range}`;
  const against = rivals.length ? rivalLists(rivals) : ["nothing"];
  const cells = [[verdictMark(verdict)], [number], against].map((contents, index) =>
    element("td", { role: "cell", "data-name": TRUTH_COLUMNS[index + 1] }, ...contents),
  );
  return element("tr", { role: "row" }, words, ...cells);
}

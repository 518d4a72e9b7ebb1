// What the page says about targets, maps and steps.

const BLANK_REASONS = {
  all_negative: "Blank map: all that is seen here speaks against the target (all_negative).",
  zero_gradient: "Blank map: nothing that is seen here matters to the target (zero_gradient).",
  not_finite: "Blank map: the network answers what is no number (not_finite).",
};

/** A target in words, as a choice in a list. */
function targetName(target, page) {
  const [kind, action] = target.split(":");
  if (kind === "chosen") return "the action taken";
  if (kind === "value") return "the value of the situation";
  if (kind === "action") return page.labels[action];
  return action === undefined ? "the action rather than the runner-up" : `why not ${page.labels[action]}?`;
}

/** An action by its index, with what it does in this game. */
function labelOf(action, page) {
  return page.labels[page.actions[action]];
}

/** The best action but one, by its index. */
function runnerUp(probabilities, except) {
  let best = -1;
  probabilities.forEach((probability, action) => {
    if (action !== except && (best < 0 || probability > probabilities[best])) best = action;
  });
  return best;
}

/** What a target's map shows at a step, in words. */
function targetAt(target, source, step) {
  const { actions, labels } = source.page;
  const taken = actions[source.series.action[step]];
  const [kind, action] = target.split(":");
  if (kind === "chosen") return `what spoke for ${labels[taken]}`;
  if (kind === "value") return "what makes the situation look as it does";
  if (kind === "action") return `what speaks for ${labels[action]}`;
  const isNamed = action !== undefined && action !== taken;
  const other = isNamed ? action : actions[runnerUp(source.series.probabilities[step], source.series.action[step])];
  return `what spoke for ${labels[taken]} and not for ${labels[other]}`;
}

/** Why a map shows nothing, or "". */
function blankReason(map) {
  if (!map) return "This map was not computed.";
  if (map.reason) return `This map cannot be computed: ${map.reason}`;
  return BLANK_REASONS[map.status] ?? "";
}

/** A map beside a strong one of its episode, in words. */
function sayShare(map, page) {
  const share = shareOfStrong(map);
  if (share === 1) return page.strong;
  return `${share < 0.01 ? "under 1" : Math.round(100 * share)}% of ${page.strong}`;
}

/** Why a map is hardly seen, or "". */
function faintReason(map, page) {
  const blank = blankReason(map);
  if (blank || shareOfStrong(map) >= page.weak_share) return blank;
  return `Weak map: ${sayShare(map, page)}.`;
}

/** How strong a map is, and how fine it is drawn. */
function mapNote(map, page) {
  if (!map || map.reason) return "not computed";
  const share = map.status === "ok" ? `, ${sayShare(map, page)}` : "";
  const coarse = map.coarsened > 1 ? `, drawn in means of ${map.coarsened} × ${map.coarsened} cells` : "";
  return `raw peak ${significant(map.peak)}${share}${coarse}`;
}

/** What is known of a method on this agent, or how to find out; for an element. */
function knownWords(method, page) {
  if (page.known[method]) return [page.known[method]];
  return [`What ${method} shows on this agent has not been tested. `, element("code", {}, page.known_command), " finds out."];
}

/** The figures of a step as [name, text] pairs. */
function stepFigures(source, step) {
  const { series, page } = source;
  const taken = series.action[step];
  const best = runnerUp(series.probabilities[step], -1);
  const drawn = taken === best ? "the likeliest one" : `drawn; ${labelOf(best, page)} was likelier`;
  const reward = series.reward[step] === 0 ? "" : ` (${series.reward[step] > 0 ? "+" : ""}${significant(series.reward[step])})`;
  return [
    ["Action", `${labelOf(taken, page)}, ${drawn}`],
    ["Score", `${significant(scores(series)[step])}${reward}`],
    ...(Math.max(...series.lives) > 0 ? [["Lives", String(series.lives[step])]] : []),
    ["Value", figure(series.value[step])],
    ["Entropy", `${figure(series.entropy[step])} of at most ${figure(page.largest_entropy)} nats`],
    ["Margin of the likeliest", `${figure(series.margin[step])} (logits)`],
    ["Without memory", series.flips[step] ? "it would prefer another action" : "it would prefer the same action"],
  ];
}

/** A step in one sentence, for those who hear it. */
function stepSentence(source, step, map) {
  const { series, page } = source;
  const probability = figure(series.probabilities[step][series.action[step]]);
  const state = `score ${significant(scores(series)[step])}, value ${figure(series.value[step])}`;
  return `Step ${step}: ${labelOf(series.action[step], page)}, probability ${probability}, ${state}. ${faintReason(map, page)}`;
}

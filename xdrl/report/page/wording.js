// What the page says about targets, maps and steps.

const BLANK_REASONS = {
  all_negative: "Blank map: all that is seen here speaks against the target (all_negative).",
  zero_gradient: "Blank map: nothing that is seen here matters to the target (zero_gradient).",
  no_objects: "Blank map: no objects are seen on this screen (no_objects).",
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

/** How good the actions look at a step: their Q-values where the agent judges actions, else their probabilities. */
function preferencesAt(source, step) {
  return source.page.judges_actions ? source.series.q_values[step] : source.series.probabilities[step];
}

/** Writes a probability, or a Q-value, of which the differences are small. */
function sayPreference(preference, page) {
  return figure(preference, page.judges_actions ? 3 : 2);
}

/** How long the bars of preferences are drawn, from 0 to 1: Q-values from the lowest to the highest of the step. */
function barLengths(preferences, page) {
  if (!page.judges_actions) return preferences;
  const [low, high] = [Math.min(...preferences), Math.max(...preferences)];
  return preferences.map((value) => (high > low ? (value - low) / (high - low) : 0.5));
}

/** The best action but one, by its index. */
function runnerUp(preferences, except) {
  let best = -1;
  preferences.forEach((preference, action) => {
    if (action !== except && (best < 0 || preference > preferences[best])) best = action;
  });
  return best;
}

/** What a target's map shows at a step, in words. */
function targetAt(target, source, step, method) {
  const { actions, labels, any_direction: anyDirection } = source.page;
  const taken = actions[source.series.action[step]];
  const [kind, action] = target.split(":");
  if (kind === "chosen" && anyDirection.includes(method)) return "what mattered to the action";
  if (kind === "chosen") return `what spoke for ${labels[taken]}`;
  if (kind === "value") return "what makes the situation look as it does";
  if (kind === "action") return `what speaks for ${labels[action]}`;
  const isNamed = action !== undefined && action !== taken;
  const other = isNamed ? action : actions[runnerUp(preferencesAt(source, step), source.series.action[step])];
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
  return [`How ${method} compares with other methods on this agent is not known: `, element("code", {}, page.known_command), " tests it."];
}

/** The figures of a step as [name, text] pairs. */
function stepFigures(source, step) {
  const { series, page } = source;
  const taken = series.action[step];
  const best = runnerUp(preferencesAt(source, step), -1);
  const [most, more] = page.judges_actions ? ["the best one", "better"] : ["the likeliest one", "likelier"];
  const drawn = taken === best ? most : `drawn; ${labelOf(best, page)} was ${more}`;
  const reward = series.reward[step] === 0 ? "" : ` (${series.reward[step] > 0 ? "+" : ""}${significant(series.reward[step])})`;
  return [
    ["Action", `${labelOf(taken, page)}, ${drawn}`],
    ["Score", `${significant(scores(series)[step])}${reward}`],
    ...(Math.max(...series.lives) > 0 ? [["Lives", String(series.lives[step])]] : []),
    ...judgement(series, step, page),
    ["Without memory", series.flips[step] ? "it would prefer another action" : "it would prefer the same action"],
  ];
}

/** What a change of the screen does to value and preference, as [name, text] pairs. */
function changeFigures(source, step, preferences, then) {
  const { page, series } = source;
  const value = series.value[step];
  const [best, other] = [preferencesAt(source, step), preferences].map((each) => labelOf(runnerUp(each, -1), page));
  const [before, after, change] = [value, then, then - value].map((each) => sayPreference(each, page));
  const name = page.judges_actions ? "Best Q-value" : "Value";
  return [
    [name, `${before} → ${after} (${then < value ? "" : "+"}${change})`],
    ["It would prefer", best === other ? `${best}, as before` : `${other} rather than ${best}`],
  ];
}

/** What the critic makes of a step, and how sure the agent is, as [name, text] pairs. */
function judgement(series, step, page) {
  if (page.judges_actions) {
    return [
      ["Best Q-value", sayPreference(series.value[step], page)],
      ["Above the next", `${figure(series.margin[step], 3)} (Q-values)`],
    ];
  }
  return [
    ["Value", figure(series.value[step])],
    ["Entropy", `${figure(series.entropy[step])} of at most ${figure(page.largest_entropy)} nats`],
    ["Margin of the likeliest", `${figure(series.margin[step])} (logits)`],
  ];
}

/** A step in one sentence, for those who hear it. */
function stepSentence(source, step, map) {
  const { series, page } = source;
  const [word, value] = page.judges_actions ? ["Q-value", "best Q-value"] : ["probability", "value"];
  const preference = sayPreference(preferencesAt(source, step)[series.action[step]], page);
  const state = `score ${significant(scores(series)[step])}, ${value} ${figure(series.value[step])}`;
  return `Step ${step}: ${labelOf(series.action[step], page)}, ${word} ${preference}, ${state}. ${faintReason(map, page)}`;
}

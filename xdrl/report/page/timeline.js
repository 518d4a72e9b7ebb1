// The slider over the game, and its marks: rewards, lost lives and key moments.

const MARKS = {
  reward: "▲",
  penalty: "▼",
  life: "✕",
  moment: "◆",
};

/** What happened at a step, as kinds of marks; lives are those after the action, so the first step has lost none. */
function marksAt(series, step) {
  const kinds = [];
  if (series.reward[step] > 0) kinds.push("reward");
  if (series.reward[step] < 0) kinds.push("penalty");
  if (series.lives[step] < series.lives[step - 1]) kinds.push("life");
  return kinds;
}

class Timeline {
  constructor(source, player) {
    this.source = source;
    this.slider = find("timeline");
    this.marks = find("marks");
    this.clear();
    this.slider.addEventListener("input", () => {
      player.pause();
      player.seek(Number(this.slider.value));
    });
  }

  /** Forgets a game that is over. */
  clear() {
    this.marked = 0;
    this.steps = [];
    this.marks.replaceChildren();
    for (const moment of this.source.page.moments ?? []) this.add(moment.step, "moment");
  }

  add(step, kind) {
    const mark = element("span", { className: `mark sign ${kind}` }, MARKS[kind]);
    mark.style.setProperty("--step", step);
    this.marks.append(mark);
    this.steps.push(step);
  }

  /** Marks the steps that are new, and moves the slider. */
  show(step) {
    const { series, length, first } = this.source;
    for (; this.marked < length; this.marked++) {
      for (const kind of marksAt(series, this.marked)) this.add(this.marked, kind);
    }
    this.marks.style.setProperty("--first", first);
    this.marks.style.setProperty("--span", Math.max(length - 1 - first, 1));
    for (const mark of this.marks.children) mark.hidden = Number(mark.style.getPropertyValue("--step")) < first;
    this.slider.min = first;
    this.slider.max = Math.max(length - 1, first);
    this.slider.value = step;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${length - 1}`);
  }

  /** The nearest mark before (-1) or after (1) a step; the step itself where there is none. */
  neighbour(step, direction) {
    const beyond = this.steps.filter((mark) => (mark - step) * direction > 0 && mark >= this.source.first);
    return beyond.length ? direction * Math.min(...beyond.map((mark) => mark * direction)) : step;
  }
}

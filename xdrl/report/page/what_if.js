// What if: the screen of a paused step is changed by hand, and the agent is asked again, from the same memory.

const HINTS = {
  move:
    "Drag an object. Or go to it with Tab: arrows move it, ten pixels with Shift, Delete rubs it out. Ctrl+Z undoes. The page's address keeps the change.",
  paint:
    "Drag over the screen to paint a box. Or go to the frame with Tab: arrows move it, with Shift they change its size, Enter paints.",
};
const SCREEN = { width: 160, height: 210 };

/** Says whether a button can do something now; one that cannot keeps the focus that it has. */
function setAble(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

class WhatIf {
  /** `draw(step, screen, maps, preferences)` draws a screen; the last are those on a changed one, or null. */
  constructor(source, draw) {
    Object.assign(this, { source, draw, step: null, edits: [], undone: [], chosen: null });
    const rest = () => this.refresh();
    this.handles = new Handles(find("handles"), {
      move: (object, to, goesOn) => this.put({ kind: "move", object, to }, goesOn),
      erase: (object) => this.erase(object),
      choose: (object) => this.choose(object),
      rest,
    });
    this.brush = new Brush(find("handles"), SCREEN, {
      paint: (box, colour, goesOn) => this.put({ kind: "paint", box, ...(colour ? { colour } : {}) }, goesOn),
      rest,
    });
    const deeds = {
      "edit-undo": () => this.undo(),
      "edit-redo": () => this.redo(),
      "edit-reset": () => this.reset(),
      "edit-erase": () => this.answer.objects[this.chosen]?.box && this.erase(this.chosen),
      "edit-paint": () => this.turnBrush(!this.brush.isOn),
      "what-if-close": () => this.close(),
    };
    for (const [id, deed] of Object.entries(deeds)) find(id).addEventListener("click", deed);
    document.addEventListener("keydown", (event) => this.isOpen && this.hearKey(event));
  }

  get isOpen() {
    return this.step !== null;
  }

  /** Begins with a step that is shown, changed already where a link says so. */
  open(step, edits = []) {
    this.begin(step, edits);
    this.arrange();
    return this.refresh();
  }

  begin(step, edits) {
    Object.assign(this, { step, edits, undone: [], answer: null, chosen: null });
    this.handles.clear();
    this.turnBrush(false);
  }

  /** Shows the step as it was again. */
  close() {
    if (!this.isOpen) return;
    this.draw(this.step, this.before.screen, this.before.maps, null);
    this.leave();
    find("what-if").focus({ preventScroll: true });
  }

  leave() {
    Object.assign(this, { step: null, edits: [] });
    writeLink(null);
    this.arrange();
  }

  arrange() {
    for (const id of ["what-if-section", "what-if-words", "handles"]) find(id).hidden = !this.isOpen;
    find("game-caption").hidden = this.isOpen;
    find("what-if").setAttribute("aria-pressed", String(this.isOpen));
    find("stage").toggleAttribute("data-edited", this.isOpen);
    find("game-figure").hidden = !this.isOpen && find("stage").dataset.view === "blend";
  }

  /** Hears which step is drawn, as it was. Changes are of one step, and while the game plays there is nothing to change. */
  follow(step, screen, maps, isPlaying) {
    this.before = { screen, maps };
    if (this.isOpen && isPlaying) this.leave();
    if (!this.isOpen) return null;
    if (step !== this.step) this.begin(step, []);
    return this.refresh();
  }

  /** Adds a change, in place of the newest one where that goes on. */
  put(edit, goesOn) {
    if (goesOn && this.edits.at(-1) === this.newest) this.edits.pop();
    this.newest = edit;
    this.edits.push(edit);
    this.undone = [];
    this.refresh();
  }

  undo() {
    if (this.edits.length) this.undone.push(this.edits.pop());
    this.refresh();
  }

  redo() {
    if (this.undone.length) this.edits.push(this.undone.pop());
    this.refresh();
  }

  reset() {
    this.undone = [...this.edits].reverse();
    this.edits = [];
    this.refresh();
  }

  erase(object) {
    this.put({ kind: "erase", object }, false);
  }

  choose(object) {
    this.chosen = object;
    this.showObjects();
  }

  turnBrush(isOn) {
    this.brush.turn(isOn ? this.before.screen.pixels : null);
    find("what-if-hint").textContent = isOn ? HINTS.paint : HINTS.move;
  }

  /** Asks the agent about the changes; while it answers, newer ones wait. */
  refresh() {
    this.isBehind = true;
    this.running ??= this.ask().finally(() => (this.running = null));
    return this.running;
  }

  async ask() {
    while (this.isBehind && this.isOpen) {
      this.isBehind = false;
      const [step, edits] = [this.step, [...this.edits]];
      const answer = await this.source.whatIf(step, edits, this.wanted(step));
      if (!answer || step !== this.step) continue;
      if (answer.refused) {
        this.takeBack(answer.refused);
        continue;
      }
      this.answer = { ...answer, edits };
      this.show();
    }
    if (this.isOpen && this.handles.held === null) find("announcer").textContent = find("what-if-words").textContent;
  }

  /** A change that does not fit is undone, and it is said why, until the next one. */
  takeBack(refusal) {
    find("what-if-words").textContent = this.refusal = refusal;
    this.isBehind = this.edits.length > 0;
    this.edits = [...(this.answer?.edits ?? [])];
  }

  /** The maps that are shown; what an action is held against stays what it was. */
  wanted(step) {
    const { page, series, wanted } = this.source;
    const other = runnerUp(preferencesAt(this.source, step), series.action[step]);
    return wanted.map(([by, each]) => [by, each === "contrast" ? `contrast:${page.actions[other]}` : each]);
  }

  /** Draws what the agent answered. */
  show() {
    const { answer, before, step, source } = this;
    const isChanged = answer.edits.length > 0;
    const preferences = answer.thoughts[source.page.judges_actions ? "q_values" : "probabilities"][0];
    this.draw(step, answer.screen, answer.maps, isChanged ? preferences : null);
    const strength = before.maps[0] && peakStrength(before.maps[0], find("scale").value, source.page);
    paintOverlay(find("overlay-before"), before.screen, before.maps[0], strength, 1, source.page);
    find("what-if-words").textContent = this.refusal ?? (isChanged ? answer.words : "Nothing is changed yet: drag an object.");
    this.refusal = null;
    writePairs(find("what-if-figures"), changeFigures(source, step, preferences, answer.thoughts.value[0]));
    find("what-if-keeps").textContent = answer.keeps;
    if (!this.isBehind) this.showObjects();
    const canDo = { undo: isChanged, redo: this.undone.length > 0, reset: isChanged };
    for (const [name, can] of Object.entries(canDo)) setAble(find(`edit-${name}`), can);
    writeLink({ seed: source.seed, step, screen: fingerprint(before.screen), edits: answer.edits });
  }

  showObjects() {
    this.handles.show(this.answer.objects, SCREEN, this.chosen);
    const chosen = this.answer.objects[this.chosen];
    setAble(find("edit-erase"), Boolean(chosen?.box));
    find("edit-erase").textContent = chosen?.box ? `Rub out the ${chosen.name}` : "Rub out";
  }

  /** Undoes, redoes and closes from wherever the focus is. */
  hearKey(event) {
    const key = event.key.toLowerCase();
    const isControl = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (key === "escape") this.close();
    else if (isControl && key === "z" && !event.shiftKey) this.undo();
    else if (isControl && (key === "y" || key === "z")) this.redo();
    else return;
    event.preventDefault();
  }
}

// Bars of the actions' probabilities or Q-values, and the two maps of the action that was chosen from them.

class Actions {
  /** `choose(name)` is called with the action that was clicked, or null when the maps are closed. */
  constructor(source, choose) {
    this.source = source;
    this.rows = source.page.actions.map((name) => {
      const [bar, then] = ["bar", "bar then"].map((className) => element("span", { className }));
      const share = element("span", { className: "share" });
      const label = element("span", { className: "action-name" }, source.page.labels[name]);
      const track = element("span", { className: "track" }, bar, then);
      const button = element("button", { type: "button", className: "action" }, label, track, share);
      button.addEventListener("click", () => choose(this.chosen === name ? null : name));
      return { name, bar, then, share, button };
    });
    this.chosen = null;
    find("actions").replaceChildren(...this.rows.map((row) => element("li", {}, row.button)));
    find("why-close").addEventListener("click", () => {
      const row = this.rows.find(({ name }) => name === this.chosen);
      choose(null);
      row?.button.focus();
    });
  }

  /** Draws the probabilities or Q-values of a step, and below them those on its changed screen, if there is one. */
  show(step, changed = null) {
    const { page, series } = this.source;
    const taken = series.action[step];
    const [preferences, word] = [preferencesAt(this.source, step), page.judges_actions ? "Q-value" : "probability"];
    const lengths = barLengths([...preferences, ...(changed ?? [])], page);
    find("actions").classList.toggle("compared", changed !== null);
    find("compared-hint").hidden = changed === null;
    this.rows.forEach(({ name, bar, then, share, button }, action) => {
      const preference = sayPreference(preferences[action], page);
      const after = changed && sayPreference(changed[action], page);
      bar.style.width = `${100 * lengths[action]}%`;
      then.style.width = `${100 * (lengths[preferences.length + action] ?? 0)}%`;
      share.textContent = changed ? `${preference} → ${after}` : preference;
      button.classList.toggle("taken", action === taken);
      button.setAttribute("aria-pressed", String(name === this.chosen));
      const remark = (action === taken ? ", taken" : "") + (changed ? `; ${after} on the changed screen` : "");
      button.setAttribute("aria-label", `${page.labels[name]}, ${word} ${preference}${remark}`);
    });
  }

  /** The targets of the action that was chosen: its own map, and what it is held against. */
  get targets() {
    return this.chosen === null ? [] : [`action:${this.chosen}`, `contrast:${this.chosen}`];
  }

  /** Draws the two maps; each is a screen, a map and how strong it is. */
  showMaps(step, screen, maps, strengths) {
    find("why").hidden = this.chosen === null;
    if (this.chosen === null) return;
    const { page, series } = this.source;
    const isTaken = page.actions[series.action[step]] === this.chosen;
    find("why-title").textContent = `Why ${isTaken ? "" : "not "}${page.labels[this.chosen]}?`;
    [find("why-own"), find("why-contrast")].forEach((button, index) => {
      const words = targetAt(this.targets[index], this.source, step);
      const note = blankReason(maps[index]) || mapNote(maps[index], page);
      paintOverlay(button.querySelector("canvas"), screen, maps[index], strengths[index], 1, page);
      button.querySelector("span").replaceChildren(element("b", {}, words), element("small", {}, note));
      button.setAttribute("aria-label", `${words}; ${note} Show it large.`);
    });
  }
}

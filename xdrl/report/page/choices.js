// What the reader has chosen to see: method, target, view, blend and scale.

class Choices {
  constructor(source, onChange) {
    this.source = source;
    this.onChange = onChange;
    this.fields = Object.fromEntries(["target", "method", "view", "scale", "blend"].map((id) => [id, find(id)]));
    this.fields.method.replaceChildren(...source.methods.map((name) => element("option", { value: name }, name)));
    this.fields.method.value = source.page.default.method;
    this.listTargets(source.page.default.target);
    // A phone has no room for two pictures that are large enough.
    if (matchMedia("(max-width: 34rem)").matches) this.fields.view.value = "blend";
    for (const field of Object.values(this.fields)) {
      field.addEventListener("input", () => {
        if (field === this.fields.method) this.listTargets(this.target);
        this.arrange();
        onChange();
      });
    }
    this.arrange();
  }

  get method() {
    return this.fields.method.value;
  }

  get target() {
    return this.fields.target.value;
  }

  get scale() {
    return this.fields.scale.value;
  }

  /** How much of the map is drawn: all of it where game and overlay stand side by side. */
  get blend() {
    return this.fields.view.value === "blend" ? Number(this.fields.blend.value) / 100 : 1;
  }

  /** Shows a target, with the method that has it. */
  setTarget(target) {
    if (!this.source.targets(this.method).includes(target)) {
      this.fields.method.value = this.source.methods.find((name) => this.source.targets(name).includes(target));
    }
    this.listTargets(target);
    this.onChange();
  }

  /** The method that answers for the targets of single actions: the one that is chosen, if it does. */
  methodFor(target) {
    const has = (name) => this.source.targets(name).includes(target);
    return has(this.method) ? this.method : (this.source.methods.find(has) ?? this.method);
  }

  /** Lists the targets of the method; the wanted one is kept where it has that. */
  listTargets(wanted) {
    const targets = this.source.targets(this.method);
    const options = (filter) =>
      targets.filter(filter).map((target) => element("option", { value: target }, targetName(target, this.source.page)));
    const groups = [
      ["For an action", (target) => target.startsWith("action:")],
      ["Instead of an action", (target) => target.startsWith("contrast:")],
    ].map(([label, filter]) => element("optgroup", { label }, ...options(filter)));
    this.fields.target.replaceChildren(
      ...options((target) => !target.includes(":")),
      ...groups.filter((group) => group.children.length),
    );
    this.fields.target.value = targets.includes(wanted) ? wanted : targets[0];
  }

  arrange() {
    const isBlended = this.fields.view.value === "blend";
    find("stage").dataset.view = this.fields.view.value;
    find("game-figure").hidden = isBlended && !find("stage").hasAttribute("data-edited");
    this.fields.blend.closest("label").hidden = !isBlended;
    this.fields.blend.setAttribute("aria-valuetext", `${this.fields.blend.value} % map`);
  }
}

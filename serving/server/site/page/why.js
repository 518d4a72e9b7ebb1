/* What speaks for an action, and for the chosen one rather than that: two maps of the screen that is shown. */

class Why {
  constructor() {
    this.turn = 0;
    byId("why-close").addEventListener("click", () => {
      const pressed = byId("bars").querySelector("[aria-pressed=true]");
      this.close();
      pressed?.focus();
    });
  }

  close() {
    this.turn++;
    show("why", false);
    for (const row of byId("bars").querySelectorAll("[aria-pressed]")) {
      row.setAttribute("aria-pressed", "false");
    }
  }

  /* Asks about an action, where one sees what was answered: its frame, memory, prediction and labels. */
  async ask(model, { frame, memory, prediction, labels }, target) {
    this.close();
    const asked = this.turn;
    byId("bars").children[target].querySelector("button").setAttribute("aria-pressed", "true");
    const instance = { frame: nestedFrame(frame), ...memory, target_action: target };
    const { prediction: found } = await predict(model, "explain", instance);
    if (asked !== this.turn) {
      return;
    }
    const [name, taken] = [labels[target], labels[prediction.action]];
    const isTaken = target === prediction.action;
    byId("why-title").textContent = `Why ${isTaken ? "" : "not "}${name}?`;
    this.draw("own", frame, found.heatmap, prediction.heatmap_box, `What speaks for ${name}`);
    const contrast = isTaken ? `What speaks for ${name} and not for the runner-up` : `What speaks for ${taken} and not for ${name}`;
    this.draw("contrast", frame, found.contrast_heatmap, prediction.heatmap_box, contrast);
    show("why", true);
  }

  draw(id, frame, heatmap, box, words) {
    const isBlank = heatmap.flat().every((strength) => strength === 0);
    byId(`why-${id}`).src = heatPicture(frame, heatmap, box);
    byId(`why-${id}`).alt = words;
    byId(`why-${id}-caption`).textContent = isBlank ? `${words}: nothing on this screen` : words;
  }
}

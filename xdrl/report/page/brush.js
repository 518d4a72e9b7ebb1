// Paints boxes on a screen that is changed, with the background or one of the screen's own colours.

const COLOURS = 8; // the most frequent ones
const FIRST_FRAME = [72, 97, 88, 113];
const FRAME_STEP = 2; // pixels that an arrow key moves the frame, or a side of it

class Brush {
  /** `paint(box, colour, goesOn)` hears what is painted, the colour null for the background; `rest()` the end of a drag. */
  constructor(layer, screen, on) {
    Object.assign(this, { layer, screen, on, colour: null, isOn: false });
    this.frame = element("button", { type: "button", className: "frame", "aria-describedby": "what-if-hint" });
    layer.append(this.frame);
    const drag = ([fromX, fromY], [x, y], isFirst) => {
      const [xs, ys] = [[fromX, clamp(x, 0, screen.width - 1)], [fromY, clamp(y, 0, screen.height - 1)]];
      this.place([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
      on.paint(this.box, this.colour, !isFirst);
    };
    followPointer(layer, layer, screen, drag, on.rest);
    this.frame.addEventListener("click", () => on.paint(this.box, this.colour, false));
    this.frame.addEventListener("keydown", (event) => this.hearKey(event));
  }

  /** Takes the brush up, with the colours of a screen, or puts it away where there is none. */
  turn(pixels) {
    this.isOn = pixels !== null;
    this.layer.classList.toggle("painting", this.isOn);
    this.frame.hidden = find("paint-colours").hidden = !this.isOn;
    find("edit-paint").setAttribute("aria-pressed", String(this.isOn));
    if (!this.isOn) return;
    this.place(FIRST_FRAME);
    this.listColours(pixels);
  }

  place(box) {
    this.box = box;
    placeOver(this.frame, box, this.screen);
    const size = `${box[2] - box[0]} by ${box[3] - box[1]} pixels`;
    this.frame.setAttribute("aria-label", `Paint a box of ${size} at (${middleOf(box).join(", ")})`);
  }

  /** Arrow keys move the frame, and with shift its right and lower side. */
  hearKey(event) {
    const arrow = arrowOf(event);
    if (!arrow) return;
    event.preventDefault();
    event.stopPropagation();
    const [across, down] = arrow.map((one) => one * FRAME_STEP);
    if (!event.shiftKey) return void this.place(movedBox(this.box, [across, down], this.screen));
    const [left, top, right, bottom] = this.box;
    const { width, height } = this.screen;
    this.place([left, top, clamp(right + across, left + 1, width), clamp(bottom + down, top + 1, height)]);
  }

  listColours(pixels) {
    const counts = new Map();
    for (const pixel of new Uint32Array(pixels.buffer)) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const frequent = [...counts].sort(([, one], [, other]) => other - one).slice(0, COLOURS);
    const colours = [null, ...frequent.map(([pixel]) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255])];
    find("paint-colours").replaceChildren(...colours.map((colour) => this.makeChoice(colour)));
    this.colour = null;
  }

  makeChoice(colour) {
    const name = colour ? `red ${colour[0]}, green ${colour[1]}, blue ${colour[2]}` : "the background";
    const radio = element("input", { type: "radio", name: "paint-colour", checked: !colour, "aria-label": name });
    radio.addEventListener("change", () => (this.colour = colour));
    const swatch = element("span", { className: "swatch" }, colour ? "" : name);
    if (colour) swatch.style.background = `rgb(${colour.join()})`;
    return element("label", { title: name }, radio, swatch);
  }
}

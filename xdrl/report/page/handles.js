// What one takes hold of on a screen that is changed: its objects, and how a pointer or the arrow keys move them.

const FAR = 10; // pixels that an arrow key moves with shift, and one without
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What an arrow key points at, across and down; null of another key. */
function arrowOf(event) {
  return event.ctrlKey || event.altKey || event.metaKey ? null : (ARROWS[event.key] ?? null);
}

/** Puts an element over a box of the screen. */
function placeOver(shown, [left, top, right, bottom], { width, height }) {
  const share = (pixels, all) => `${(100 * pixels) / all}%`;
  Object.assign(shown.style, {
    left: share(left, width),
    top: share(top, height),
    width: share(right - left, width),
    height: share(bottom - top, height),
  });
}

/** A box moved by some pixels, as far as the screen goes. */
function movedBox([left, top, right, bottom], [across, down], { width, height }) {
  const x = clamp(left + across, 0, width - (right - left));
  const y = clamp(top + down, 0, height - (bottom - top));
  return [x, y, x + right - left, y + bottom - top];
}

/** The middle of a box. */
function middleOf([left, top, right, bottom]) {
  return [Math.floor((left + right) / 2), Math.floor((top + bottom) / 2)];
}

/** Hears a pointer that goes down on an element: `move(from, to, isFirst)` gets pixels of the screen, `end()` the end. */
function followPointer(shown, layer, { width, height }, move, end) {
  const pixel = (event) => {
    const { left, top, width: wide, height: high } = layer.getBoundingClientRect();
    return [((event.clientX - left) / wide) * width, ((event.clientY - top) / high) * height].map(Math.floor);
  };
  shown.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || down.target !== shown) return;
    const from = pixel(down);
    let last = from;
    let isFirst = true;
    down.preventDefault();
    shown.setPointerCapture(down.pointerId);
    shown.focus({ preventScroll: true });
    shown.onpointermove = (event) => {
      const to = pixel(event);
      if (to.join() === last.join()) return;
      last = to;
      move(from, to, isFirst);
      isFirst = false;
    };
    shown.onpointerup = shown.onpointercancel = () => {
      shown.onpointermove = shown.onpointerup = shown.onpointercancel = null;
      if (!isFirst) end();
    };
  });
}

class Handles {
  /** `on` hears what is done: `move(object, to, goesOn)`, `erase(object)`, `choose(object)`, and `rest()` after a drag. */
  constructor(layer, on) {
    Object.assign(this, { layer, on, handles: [], places: [] });
    this.clear();
  }

  /** Forgets the objects of a screen. */
  clear() {
    for (const handle of this.handles) handle.remove();
    Object.assign(this, { handles: [], held: null, keyed: null });
  }

  /** Puts a handle on every object that is there. */
  show(objects, screen, chosen) {
    Object.assign(this, { objects, screen });
    if (!this.handles.length) {
      this.handles = objects.map((_, object) => this.make(object));
      this.layer.prepend(...this.handles);
    }
    objects.forEach(({ name, box }, object) => {
      const handle = this.handles[object];
      if (!box && handle === document.activeElement) find("edit-undo").focus();
      handle.hidden = !box;
      handle.classList.toggle("chosen", object === chosen);
      if (!box) return;
      handle.setAttribute("aria-label", `${name} at (${middleOf(box).join(", ")})`);
      if (object !== this.held) placeOver(handle, box, screen);
    });
  }

  make(object) {
    const handle = element("button", { type: "button", className: "handle", "aria-describedby": "what-if-hint" });
    let start = null;
    const drag = ([fromX, fromY], [x, y], isFirst) => {
      if (isFirst) Object.assign(this, { held: object, keyed: null });
      if (isFirst) start = this.objects[object].box;
      this.move(object, movedBox(start, [x - fromX, y - fromY], this.screen), !isFirst);
    };
    followPointer(handle, this.layer, this.screen, drag, () => {
      this.held = null;
      this.on.rest();
    });
    handle.addEventListener("focus", () => this.on.choose(object));
    handle.addEventListener("keydown", (event) => this.hearKey(object, event));
    return handle;
  }

  move(object, box, goesOn) {
    placeOver(this.handles[object], box, this.screen);
    this.objects[object] = { ...this.objects[object], box };
    this.on.move(object, box.slice(0, 2), goesOn);
  }

  /** Arrow keys move an object, as one change as long as nothing else is done. */
  hearKey(object, event) {
    const arrow = arrowOf(event);
    const isErased = event.key === "Delete" || event.key === "Backspace";
    if (!arrow && !isErased) return;
    event.preventDefault();
    event.stopPropagation();
    const goesOn = this.keyed === object;
    this.keyed = isErased ? null : object;
    if (isErased) return void this.on.erase(object);
    const by = arrow.map((one) => one * (event.shiftKey ? FAR : 1));
    this.move(object, movedBox(this.objects[object].box, by, this.screen), goesOn);
  }
}

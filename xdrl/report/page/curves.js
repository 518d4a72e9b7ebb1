// Curves of the game with a cursor at the step that is shown; a click goes to a step.

const CURVE_WIDTH = 600;
const CURVE_HEIGHT = 84;
const CURVE_MARGIN = 5;

class Curve {
  /** `values(source)` is a list, an element a step. */
  constructor(name, unit, values, source, seek) {
    this.values = values;
    this.source = source;
    this.name = name;
    this.path = vector("path", { class: "curve-line", "vector-effect": "non-scaling-stroke" });
    this.cursor = vector("line", {
      class: "curve-cursor",
      y1: 0,
      y2: CURVE_HEIGHT,
      "vector-effect": "non-scaling-stroke",
    });
    this.drawing = vector("svg", {
      viewBox: `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      class: "curve",
    });
    this.drawing.append(this.path, this.cursor);
    this.now = element("span", { className: "curve-now" });
    this.range = element("span", { className: "curve-range" });
    const caption = element("figcaption", {}, element("b", {}, name), ` ${unit} `, this.now, this.range);
    this.figure = element("figure", {}, caption, this.drawing);
    this.drawing.addEventListener("click", (event) => {
      const box = this.drawing.getBoundingClientRect();
      seek(source.first + ((event.clientX - box.left) / box.width) * (source.length - 1 - source.first));
    });
  }

  /** Draws what is new, and moves the cursor. */
  show(step) {
    const { first, length } = this.source;
    const values = this.values(this.source);
    if (this.drawn !== `${first} ${length}`) {
      this.drawn = `${first} ${length}`;
      this.draw(values.slice(first));
    }
    const x = ((step - first) / Math.max(length - 1 - first, 1)) * CURVE_WIDTH;
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.now.textContent = significant(values[step]);
  }

  draw(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const height = CURVE_HEIGHT - 2 * CURVE_MARGIN;
    const points = values.map((value, index) => {
      const x = (index / Math.max(values.length - 1, 1)) * CURVE_WIDTH;
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return `${x.toFixed(1)},${(CURVE_HEIGHT - CURVE_MARGIN - share * height).toFixed(1)}`;
    });
    this.path.setAttribute("d", `M${points.join("L")}`);
    this.range.textContent = `from ${significant(low)} to ${significant(high)}`;
    this.drawing.setAttribute("aria-label", `${this.name} over the game, ${this.range.textContent}`);
  }
}

/** The score after each step. */
function scores(series) {
  let score = 0;
  return series.reward.map((reward) => (score += reward));
}

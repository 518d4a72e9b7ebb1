// Maps of objects: where the objects of a step are, how much each matters, and what is said of them.

class ObjectScenes {
  /** Takes what Python packed of some steps. */
  constructor(packed) {
    this.packed = packed;
    this.chunks = new Map();
    this.words = null;
    this.starts = [0];
    for (const count of packed.counts) this.starts.push(this.starts.at(-1) + count);
  }

  /** Which object each pixel of a step belongs to: 0 for none, else its number from 1. */
  async labels(step) {
    const { chunk_steps: steps, height, width } = this.packed.labels;
    const number = Math.floor(step / steps);
    const chunk = recent(this.chunks, number, () => unpackChunk(this.packed.labels, number));
    const start = (step - number * steps) * height * width;
    return (await chunk).subarray(start, start + height * width);
  }

  /** A sentence for each object of a step, then one on the fewest that decide. */
  async sentences(step) {
    this.words ??= inflate(this.packed.words).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    return (await this.words)[step];
  }
}

/** Unpacks how much objects matter to a target; `at(step)` promises a map on the pixels of the screen. */
async function unpackObjectSet(packed, scenes) {
  const strengths = await inflate(packed.strengths);
  const { height, width } = scenes.packed.labels;
  return {
    at: async (step) => {
      const [labels, sentences] = await Promise.all([scenes.labels(step), scenes.sentences(step)]);
      const table = [0, ...strengths.subarray(scenes.starts[step], scenes.starts[step + 1])];
      return {
        height,
        width,
        box: [0, 0, height, width],
        coarsened: 1,
        strengths: Uint8Array.from(labels, (label) => table[label]),
        peak: packed.peaks[step],
        drawnPeak: packed.peaks[step],
        status: packed.status_names[packed.statuses[step]],
        labels,
        sentences,
        whatStays: scenes.packed.what_stays,
      };
    },
    peaks: packed.peaks,
  };
}

/** The box around an object of a map: left, top, width and height in pixels of the screen. */
function objectBox(map, number) {
  const [xs, ys] = [[], []];
  map.labels.forEach((label, index) => {
    if (label !== number) return;
    xs.push(index % map.width);
    ys.push(Math.floor(index / map.width));
  });
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
}

/** Lists what the agent would do without each object; `point(box)` hears which one is pointed at, or null. */
function listObjects(map, point) {
  const section = find("objects");
  section.hidden = !map?.sentences;
  if (section.hidden) return;
  const [fewest, sentences] = [map.sentences.at(-1), map.sentences.slice(0, -1)];
  const items = sentences.map((sentence, index) => {
    const item = element("li", { tabIndex: 0 }, sentence);
    for (const event of ["pointerenter", "focus"]) item.addEventListener(event, () => point(objectBox(map, index + 1)));
    for (const event of ["pointerleave", "blur"]) item.addEventListener(event, () => point(null));
    return item;
  });
  find("object-words").replaceChildren(...items);
  find("fewest").textContent = fewest;
  find("what-stays").textContent = map.whatStays;
}

/** Frames a part of a picture that is drawn anew first. */
function framePart(canvas, redraw, box) {
  redraw();
  if (!box) return;
  const pen = canvas.getContext("2d");
  const [left, top, width, height] = box;
  pen.lineWidth = 1;
  for (const [colour, gap] of [["black", 2.5], ["white", 1.5]]) {
    pen.strokeStyle = colour;
    pen.strokeRect(left - gap, top - gap, width + 2 * gap, height + 2 * gap);
  }
}

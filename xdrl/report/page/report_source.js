// Where a report's steps come from: everything is in the page, and unpacked when it is looked at.

class ReportSource {
  constructor(data) {
    this.page = data;
    this.series = data.series;
    this.methods = data.methods;
    this.isLive = false;
    this.first = 0;
    this.palette = readPalette(data.screens.palette);
    this.chunks = new Map();
    this.mapSets = new Map();
    this.scenes = data.objects && new ObjectScenes(data.objects);
    this.packedMaps = new Map(data.maps.map((packed) => [`${packed.method} ${packed.target}`, packed]));
  }

  get length() {
    return this.series.action.length;
  }

  /** The targets that were computed for a method. */
  targets(method) {
    return this.page.maps.filter((packed) => packed.method === method).map((packed) => packed.target);
  }

  /** A screen's pixels; the chunks looked at last are kept. */
  async screen(step) {
    const { height, width, chunk_steps: steps } = this.page.screens;
    const number = Math.floor(step / steps);
    const chunk = recent(this.chunks, number, () => unpackChunk(this.page.screens, number));
    const start = (step - number * steps) * height * width;
    const indices = (await chunk).subarray(start, start + height * width);
    return { height, width, pixels: paletteToPixels(indices, this.palette) };
  }

  /** A map and the peak of a strong one of its episode; null where it was not computed. */
  async map(step, method, target) {
    const key = `${method} ${target}`;
    if (!this.packedMaps.has(key)) return null;
    if (!this.mapSets.has(key)) this.mapSets.set(key, this.unpackSet(key));
    const { set, strong } = await this.mapSets.get(key);
    return { ...(await set.at(step)), strong };
  }

  async unpackSet(key) {
    const packed = this.packedMaps.get(key);
    const set = await (packed.method === "objects" ? unpackObjectSet(packed, this.scenes) : unpackMaps(packed));
    const seen = set.peaks.filter((peak) => peak > 0).sort((one, other) => one - other);
    return { set, strong: strongPeak(seen, this.page) };
  }

  /** There is nothing after the last step. */
  async advance() {
    return false;
  }
}

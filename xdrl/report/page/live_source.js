// Where a live page's steps come from: a server on this machine plays one when it is asked for it.

const QUANTITIES = ["action", "probabilities", "q_values", "value", "entropy", "margin", "reward", "lives", "flips"];

/** Unpacks a single screen. */
async function unpackScreen(packed) {
  const { height, width, palette } = packed;
  return { height, width, pixels: paletteToPixels(await unpackChunk(packed, 0), readPalette(palette)) };
}

/** Unpacks the map of a single screen, or why there is none. */
async function unpackLiveMap(packed) {
  if (packed.refused) return { status: "refused", reason: packed.refused };
  const isOfObjects = packed.method === "objects";
  const set = await (isOfObjects ? unpackObjectSet(packed, new ObjectScenes(packed.objects)) : unpackMaps(packed));
  return set.at(0);
}

class LiveSource {
  /** Opens a game of this page's own; it lasts as long as the connection. */
  static open(onEnd) {
    return new Promise((resolve) => {
      const connection = new EventSource("game");
      connection.addEventListener("game", (event) => resolve(new LiveSource(JSON.parse(event.data), onEnd)));
      connection.onerror = () => {
        connection.close();
        onEnd("the server was stopped, or has too many games");
      };
    });
  }

  /** `onEnd(reason)` is called when the server plays no more. */
  constructor(page, onEnd) {
    this.page = page;
    this.onEnd = onEnd;
    this.turn = Promise.resolve();
    this.seed = page.seed;
    this.methods = page.methods;
    this.isLive = true;
    this.wanted = [];
    this.clear();
  }

  /** Forgets the game that was. */
  clear() {
    this.series = Object.fromEntries(QUANTITIES.map((name) => [name, []]));
    this.screens = new Map();
    this.maps = new Map();
    this.peaks = new Map();
    this.isOver = false;
  }

  get length() {
    return this.series.action.length;
  }

  /** The first step that is still kept. */
  get first() {
    return Math.max(this.length - this.page.steps_kept, 0);
  }

  targets() {
    return this.page.targets;
  }

  async screen(step) {
    return this.screens.get(step);
  }

  /** A map, fetched where it did not come with its step, and the peak of a strong one of the game so far. */
  async map(step, method, target) {
    const key = `${step} ${method} ${target}`;
    if (!this.maps.has(key)) {
      const answer = await this.ask("maps", { step, wanted: [[method, target]] });
      await this.keepMaps(step, answer?.maps ?? []);
    }
    return this.besideStrong(this.maps.get(key) ?? null, method, target);
  }

  /** A map with the peak of a strong one of the game so far. */
  besideStrong(map, method, target) {
    return map && { ...map, strong: strongPeak(this.peaks.get(`${method} ${target}`) ?? [], this.page) };
  }

  /** What the agent makes of a step's screen with changes: `refused` says why not; null where nobody answers. */
  async whatIf(step, edits, wanted) {
    let refused = null;
    const answer = await this.ask("what-if", { step, edits, wanted }, (reason) => (refused = reason));
    if (!answer) return refused && { refused };
    const maps = answer.maps.map(async (each) => this.besideStrong(await unpackLiveMap(each), each.method, each.target));
    return { ...answer, screen: await unpackScreen(answer.screens), maps: await Promise.all(maps) };
  }

  /** Plays one step, when those before are played; false where the game is over. */
  advance() {
    this.turn = this.turn.then(() => this.playStep());
    return this.turn;
  }

  async playStep() {
    const answer = await this.ask("step", { wanted: this.wanted });
    if (!answer?.series) return false;
    this.isOver = answer.is_over;
    const step = this.length;
    this.screens.set(step, await unpackScreen(answer.screens));
    await this.keepMaps(step, answer.maps);
    for (const [name, values] of Object.entries(answer.series)) this.series[name].push(...values);
    this.forget(this.first - 1);
    return true;
  }

  /** Begins another game, when the steps on their way are played: that of a seed, or the next one. */
  startNewGame(seed = null) {
    this.turn = this.turn.then(async () => {
      const answer = await this.ask("new", { seed });
      if (!answer) return;
      this.seed = answer.seed;
      this.clear();
    });
    return this.turn;
  }

  async keepMaps(step, packed) {
    for (const each of packed) {
      const [name, map] = [`${each.method} ${each.target}`, await unpackLiveMap(each)];
      this.maps.set(`${step} ${name}`, map);
      if (map.drawnPeak > 0) this.keepPeak(name, map.drawnPeak);
    }
  }

  /** Keeps the peaks of a method and target in order. */
  keepPeak(name, peak) {
    const kept = this.peaks.get(name) ?? [];
    const place = kept.findIndex((other) => other > peak);
    kept.splice(place < 0 ? kept.length : place, 0, peak);
    this.peaks.set(name, kept);
  }

  forget(step) {
    this.screens.delete(step);
    for (const key of this.maps.keys()) if (key.startsWith(`${step} `)) this.maps.delete(key);
  }

  /** Asks the server; null where it does not answer, or not with what was asked for. `onRefusal` hears of a bad question. */
  async ask(path, question, onRefusal = this.onEnd) {
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...question, game: this.page.token }),
      });
      if (answer.ok) return await answer.json();
      (answer.status === 400 ? onRefusal : this.onEnd)(await answer.text());
    } catch {
      this.onEnd("the server was stopped");
    }
    return null;
  }
}

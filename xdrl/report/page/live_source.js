// Where a live page's steps come from: a server on this machine plays one when it is asked for it.

const QUANTITIES = ["action", "probabilities", "q_values", "value", "entropy", "margin", "reward", "lives", "flips"];

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
    const map = this.maps.get(key) ?? null;
    return map && { ...map, strong: strongPeak(this.peaks.get(`${method} ${target}`) ?? [], this.page) };
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
    const { height, width, palette } = answer.screens;
    const pixels = paletteToPixels(await unpackChunk(answer.screens, 0), readPalette(palette));
    this.screens.set(step, { height, width, pixels });
    await this.keepMaps(step, answer.maps);
    for (const [name, values] of Object.entries(answer.series)) this.series[name].push(...values);
    this.forget(this.first - 1);
    return true;
  }

  /** Begins another game, when the steps on their way are played. */
  startNewGame() {
    this.turn = this.turn.then(async () => {
      if (await this.ask("new", {})) this.clear();
    });
    return this.turn;
  }

  async keepMaps(step, packed) {
    for (const each of packed) {
      const name = `${each.method} ${each.target}`;
      if (each.refused) {
        this.maps.set(`${step} ${name}`, { status: "refused", reason: each.refused });
        continue;
      }
      const set = await unpackMaps(each);
      this.maps.set(`${step} ${name}`, set.at(0));
      if (set.peaks[0] > 0) this.keepPeak(name, set.peaks[0]);
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

  /** Asks the server; null where it does not answer, or not with what was asked for. */
  async ask(path, question) {
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...question, game: this.page.token }),
      });
      if (answer.ok) return await answer.json();
      this.onEnd(await answer.text());
    } catch {
      this.onEnd("the server was stopped");
    }
    return null;
  }
}

/* A piece of a game that the agent played: it sees one screen after the other, and keeps its memory. */

/* Of the edges that stand still in a game: a picture that has fewer is doubted; so few edges tell nothing. */
const DOUBTED_BELOW = 0.5;
const FEWEST_EDGES = 100;

class Game {
  static async load(model) {
    const response = await request(model.game);
    if (!response.ok) {
      throw new Error(`${response.status}: the model's game is not there any more.`);
    }
    const told = await response.json();
    const frames = await readFrames(pngOf(told.screens), told.count);
    const [background] = await readFrames(pngOf(told.background));
    return new Game(model, told, frames, background);
  }

  constructor(model, told, frames, background) {
    Object.assign(this, { model, told, frames, background });
    this.memories = [this.memoryOf((name) => told[name])];
    this.answers = [];
    this.turn = Promise.resolve();
  }

  /* A memory, of which `partOf(name)` gives the parts. */
  memoryOf(partOf) {
    return Object.fromEntries(Object.keys(this.model.memory).map((name) => [name, partOf(name)]));
  }

  /* What the agent answers to a screen, after those before it; questions take turns. */
  async answerAt(step) {
    this.turn = this.turn.catch(() => null).then(() => this.playTo(step));
    await this.turn;
    return this.answers[step];
  }

  async playTo(step) {
    while (this.answers.length <= step) {
      const at = this.answers.length;
      const answer = await predict(this.model, "step", { frame: nestedFrame(this.frames[at]), ...this.memories[at] });
      const isForgotten = this.told.begins?.includes(at + 1);
      const next = (name) => answer.prediction[`next_${name}`];
      this.memories[at + 1] = isForgotten ? emptyMemory(this.model) : this.memoryOf(next);
      this.answers.push(answer);
    }
  }

  /* Why a frame does not look like the game, or "". Screens of seven games keep 57% of their own game's edges at least,
     whatever the level, and have 38% of another's at most. */
  doubt(frame) {
    const [standing, found] = [edgesOf(this.background), edgesOf(frame)];
    const wanted = standing.reduce((sum, edge) => sum + edge, 0);
    const kept = standing.reduce((sum, edge, place) => sum + (edge & found[place]), 0);
    if (wanted < FEWEST_EDGES || kept >= DOUBTED_BELOW * wanted) {
      return "";
    }
    const share = Math.round((100 * kept) / wanted);
    return `This does not look like ${this.model.name}: the picture has ${share}% of the lines that stand still in that game. The answer may mean nothing.`;
  }
}

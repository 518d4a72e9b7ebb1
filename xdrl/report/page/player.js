// Which step is shown, and how it moves on.

class Player {
  /** `show` draws a step, `onState` hears when playing or speed change. */
  constructor(source, show, onState) {
    this.source = source;
    this.show = show;
    this.onState = onState;
    this.step = 0;
    this.speed = 1;
    this.isPlaying = false;
    this.run = 0;
  }

  get last() {
    return this.source.length - 1;
  }

  /** Goes to a step, or to the nearest one there is. */
  async seek(step) {
    this.step = clamp(Math.round(step), this.source.first, Math.max(this.last, this.source.first));
    await this.show(this.step);
  }

  /** Goes one step on, where a live game is at its newest step by playing it; false at the end. */
  async forward() {
    const from = this.step;
    if (from >= this.last && !(await this.source.advance())) return false;
    if (this.step === from) await this.seek(from + 1); // else the reader went elsewhere while the step was played
    return true;
  }

  async play() {
    if (this.isPlaying) return;
    const run = ++this.run;
    this.setPlaying(true);
    if (this.step >= this.last && !this.source.isLive) await this.seek(this.source.first);
    while (this.isPlaying && run === this.run) {
      const began = performance.now();
      if (!(await this.forward())) this.pause();
      const due = 1000 / (this.source.page.steps_per_second * this.speed);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - (performance.now() - began))));
    }
  }

  pause() {
    if (this.isPlaying) this.setPlaying(false);
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Stops playing and moves by some steps. */
  async by(steps) {
    this.pause();
    if (steps === 1) await this.forward();
    else await this.seek(this.step + steps);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.onState();
  }

  setPlaying(isPlaying) {
    this.isPlaying = isPlaying;
    this.onState();
  }
}

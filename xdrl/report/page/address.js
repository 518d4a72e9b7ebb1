// The step in the page's address: `#step=120` opens there, and the browser's back and forward go from jump to jump.

class Address {
  /** The step that the address names; null where it names none. */
  get step() {
    const named = location.hash.match(/^#step=(\d+)$/);
    return named && Number(named[1]);
  }

  /** Names another step in place of the one before, or as a place of its own that one can come back from. */
  write(step, isJump = false) {
    const hash = `#step=${step}`;
    if (location.hash === hash) return;
    try {
      history[isJump ? "pushState" : "replaceState"](null, "", hash);
    } catch {
      // A page inside another one, as in a notebook, may have no address of its own; some browsers refuse many in a row.
    }
  }

  /** `go(step)` is called when the reader goes back, forward, or to a link. */
  listen(go) {
    addEventListener("popstate", () => {
      if (this.step !== null) go(this.step);
    });
  }
}

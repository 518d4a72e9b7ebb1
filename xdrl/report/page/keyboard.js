// Keys that steer the player from anywhere but a field that has a use for them itself.

/** `speeds` is every speed there is, `jump(direction)` goes to a mark, `save()` saves the picture of the step. */
function listenToKeys(player, speeds, jump, save) {
  const faster = (direction) => {
    const index = clamp(speeds.indexOf(player.speed) + direction, 0, speeds.length - 1);
    player.setSpeed(speeds[index]);
  };
  const deeds = {
    " ": () => player.toggle(),
    ArrowLeft: (event) => player.by(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => player.by(event.shiftKey ? 10 : 1),
    Home: () => player.by(-Infinity),
    End: () => player.by(Infinity),
    "+": () => faster(1),
    "=": () => faster(1),
    "-": () => faster(-1),
    n: () => jump(1),
    p: () => jump(-1),
    s: () => save(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isField = event.target.matches("input, select, textarea");
    const isPressed = key === " " && event.target.matches("button, a, summary");
    if (!(key in deeds) || isField || isPressed) return;
    event.preventDefault();
    deeds[key](event);
  });
}

"""The game for a shell script: writes each screen to a file as JSON, and reads an action a line.

usage: emulator.py GAME SCREEN.json SEED

For every screen, the first one included, it prints a line `SCORE OVER`: the score so far, and 1 once the game is over.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(game: str, screen: str, seed: str) -> None:
    """Plays until the game is over or there are no more actions."""
    from xdrl.environments import VectorEnvironment
    from xdrl.games import find_game

    environment = VectorEnvironment(find_game(game), 1)
    screens, score, is_over = environment.reset(int(seed)), 0.0, False
    while True:
        Path(screen).write_text(json.dumps(screens.tolist(), separators=(",", ":")))
        print(f"{score:g} {int(is_over)}", flush=True)
        line = "" if is_over else sys.stdin.readline()
        if not line:
            break
        taken = environment.step(np.array([int(line)]))
        screens, score = taken.screens, score + float(taken.rewards[0])
        is_over = bool(taken.is_terminated[0] or taken.is_truncated[0])
    environment.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is used where it lies
    main(*sys.argv[1:])

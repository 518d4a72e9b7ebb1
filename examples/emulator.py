"""The game for a shell script: writes each screen to a file as JSON, and reads an action a line.

usage: emulator.py GAME SCREEN.json SEED PROTOCOL

For every screen, the first one included, it prints a line `SCORE OVER FRESH`: the score so far, 1 once the game is
over, and 1 where the agent has to forget what came before, as with every life under the rules of other libraries.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(game: str, screen: str, seed: str, protocol: str) -> None:
    """Plays until the game is over or there are no more actions."""
    from xdrl.environments import VectorEnvironment, find_protocol
    from xdrl.errors import UserError
    from xdrl.games import find_game

    try:
        found = find_game(game)
        environment = VectorEnvironment(found, 1, find_protocol(protocol, found))
    except UserError as error:
        raise SystemExit(f"error: {error}") from error
    screens, score, is_over, is_fresh = environment.reset(int(seed)), 0.0, False, True
    while True:
        Path(screen).write_text(json.dumps(screens.tolist(), separators=(",", ":")))
        print(f"{score:g} {int(is_over)} {int(is_fresh)}", flush=True)
        line = "" if is_over else sys.stdin.readline()
        if not line:
            break
        taken = environment.step(np.array([int(line)]))
        screens, score = taken.screens, score + float(taken.rewards[0])
        is_over, is_fresh = bool(taken.is_terminated[0] or taken.is_truncated[0]), bool(taken.is_fresh[0])
    environment.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is used where it lies
    main(*sys.argv[1:])

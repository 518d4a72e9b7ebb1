"""Games that are changed as they run: emulators side by side, frame by frame, under a rule."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple, cast

import ale_py
import numpy as np

from xdrl.games import MAX_FRAMES, Game, Protocol
from xdrl.interventions.changes import Changes, Part, Rule, unchanged

_STANDARD = Protocol()


class Shown(NamedTuple):
    """A part elsewhere.

    Attributes:
        part: that was moved.
        shift: by how many pixels, downwards.
        screen: uint8 [210, 160, 3], that shows it there.
    """

    part: Part
    shift: int
    screen: np.ndarray


class ChangedGames:
    """N games of the standard protocol, each to its end, under a rule that writes into the console's memory.

    Attributes:
        screens: uint8 [N, 210, 160, 3], of now.
        scores: float [N], so far.
        is_over: bool [N].
    """

    def __init__(self, game: Game, num_games: int, seed: int, rule: Rule = unchanged) -> None:
        """Starts them: up to 30 no-ops, and FIRE.

        Args:
            game: that is played.
            num_games: N.
            seed: game i is seeded with seed + i.
            rule: what is written after every frame.
        """
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # each emulator would say its name
        self._rule = rule
        self._emulators = [_make_emulator(game, seed + index) for index in range(num_games)]
        self._actions = self._emulators[0].getMinimalActionSet()
        waits = np.random.default_rng(seed).integers(0, _STANDARD.noop_max + 1, num_games)
        for emulator, count in zip(self._emulators, waits, strict=True):
            for _ in range(count):
                emulator.act(ale_py.Action.NOOP)
            emulator.act(ale_py.Action.FIRE)
        self.scores, self.is_over = np.zeros(num_games), np.zeros(num_games, bool)
        self.screens = np.stack([emulator.getScreenRGB() for emulator in self._emulators])

    def memory(self, index: int) -> np.ndarray:
        """Returns the console's memory in a game, uint8 [128]."""
        return cast(np.ndarray, self._emulators[index].getRAM())

    def step(self, actions: np.ndarray) -> None:
        """Takes an action, four frames, in every game that is not over; integer [N]."""
        for index in np.flatnonzero(~self.is_over):
            self._advance(int(index), int(actions[index]), cast(int, _STANDARD.frame_skip))

    def step_as_if(self, index: int, action: int, changes: Changes, shifts: Sequence[int]) -> list[Shown]:
        """Takes an action in one game, and looks how its last frame would have shown each part elsewhere.

        Args:
            index: of the game.
            action: that is taken.
            changes: the parts, and whether they are in play.
            shifts: pixels that each is moved by, downwards.

        Returns:
            what could be moved; nothing where the game is over or waits. The game itself has gone on unchanged.
        """
        emulator = self._emulators[index]
        self._advance(index, action, cast(int, _STANDARD.frame_skip) - 1)
        memory, here, found = self.memory(index), emulator.cloneState(), []
        for part, shift in itertools.product(changes.parts, shifts):
            place = part.moved(memory, shift)
            if place is not None and changes.is_in_play(memory) and not self.is_over[index]:
                emulator.setRAM(part.address, place)
                emulator.act(self._actions[action])
                found.append(Shown(part, shift, emulator.getScreenRGB()))
                emulator.restoreState(here)
        if not self.is_over[index]:
            self._advance(index, action, 1)
        return found

    def _advance(self, index: int, action: int, frames: int) -> None:
        emulator = self._emulators[index]
        for _ in range(frames):
            before = emulator.getRAM()
            self.scores[index] += emulator.act(self._actions[action])
            for address, value in self._rule(before, emulator.getRAM()).items():
                emulator.setRAM(address, value)
            self.is_over[index] = emulator.game_over(with_truncation=True)
            if self.is_over[index]:
                break
        self.screens[index] = emulator.getScreenRGB()


def _make_emulator(game: Game, seed: int) -> ale_py.ALEInterface:
    environment = ale_py.AtariEnv(
        game.rom, obs_type="rgb", frameskip=1, repeat_action_probability=0.0, max_num_frames_per_episode=MAX_FRAMES
    )
    environment.reset(seed=seed)
    return environment.ale

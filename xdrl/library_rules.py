"""A game as the Atari wrappers of Stable-Baselines3, which CleanRL takes too, let agents play it."""

from typing import Any

import ale_py
import gymnasium
import numpy as np

NOOP, FIRE, AFTER_FIRE = 0, 1, 2
"""Indices of actions; the third is pressed after FIRE, whatever it is."""
IS_NEW_LIFE = "is_new_life"
"""In a step's info: the screen is the first of a new life, and what came before is to be forgotten."""


class LibraryRules(gymnasium.Wrapper):
    """Frames skipped, the last two of them joined, and a new beginning with every life.

    A game starts after 1 to `noop_max` frames of no-ops, and FIRE and the third action where the game has that button;
    a life starts after one no-op and the same two. With the same seed and actions the screens are those that the
    library's agents see.

    Differs from the library: there a lost life ends the episode; here the game goes on, and `IS_NEW_LIFE` says so.

    Source: stable_baselines3.common.atari_wrappers, `AtariWrapper` and `make_atari_env`, version 2.9.
    """

    def __init__(self, environment: ale_py.AtariEnv, frame_skip: int, noop_max: int) -> None:
        """Takes the environment below the wrappers.

        Args:
            environment: of RGB screens; each step of it counts as a frame.
            frame_skip: frames of an agent step.
            noop_max: frames of no-ops at most when a game starts.
        """
        super().__init__(environment)
        self._frame_skip, self._noop_max = frame_skip, noop_max
        self._has_fire = "FIRE" in environment.get_action_meanings()
        self._lives, self._is_over = 0, True
        self._last_two = np.zeros((2, 210, 160, 3), np.uint8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts a game."""
        self._is_over = True
        screen, info, _ = self._begin(seed)
        return screen, info | {IS_NEW_LIFE: False}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Takes an agent step; where it costs a life, the next life begins with it."""
        screen, reward, is_lost, info = self._press(int(action))
        is_new_life = is_lost and not self._is_over
        if is_new_life:
            screen, info, more = self._begin(None)
            reward += more
        is_truncated = self._is_over and bool(info["is_truncated"])
        return screen, reward, self._is_over and not is_truncated, is_truncated, info | {IS_NEW_LIFE: is_new_life}

    def _begin(self, seed: int | None) -> tuple[Any, dict[str, Any], float]:
        """Starts a game where one is over, else a life: its first screen, the info and the points made meanwhile."""
        screen, info, total = self._start(seed)
        for button in (FIRE, AFTER_FIRE) if self._has_fire else ():
            screen, reward, is_lost, info = self._press(button)
            total += reward
            if is_lost:
                _, info, reward = self._start(None)
                total += reward
        return screen, info, total

    def _start(self, seed: int | None) -> tuple[Any, dict[str, Any], float]:
        reward = 0.0
        if not self._is_over:
            screen, reward, _, info = self._press(NOOP)
        if self._is_over:
            self.env.reset(seed=seed)
            screen, info = self._wait()
            self._is_over = False
        self._lives = int(info["lives"])
        return screen, info, reward

    def _wait(self) -> tuple[Any, dict[str, Any]]:
        """Presses nothing for a while, a frame at a time."""
        for _ in range(int(self.unwrapped.np_random.integers(1, self._noop_max + 1))):
            screen, _, terminated, truncated, info = self.env.step(NOOP)
            if terminated or truncated:
                screen, info = self.env.reset()
        return screen, info | {"is_truncated": False}

    def _press(self, action: int) -> tuple[Any, float, bool, dict[str, Any]]:
        """Holds an action: the screen, the points, whether a life or the game is lost, and the info."""
        total = 0.0
        for frame in range(self._frame_skip):
            screen, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if frame >= self._frame_skip - 2:
                self._last_two[frame - self._frame_skip] = screen
            self._is_over = terminated or truncated
            if self._is_over:
                break
        lives = int(info["lives"])
        is_lost = self._is_over or 0 < lives < self._lives
        self._lives = lives
        return self._last_two.max(0), total, is_lost, info | {"is_truncated": truncated}

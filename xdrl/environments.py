"""Vectorised Atari environments: raw screens, true scores, and the protocols that games are played under."""

from typing import NamedTuple, cast

import ale_py
import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from xdrl.errors import UserError
from xdrl.games import Game, Protocol
from xdrl.library_rules import IS_NEW_LIFE, LibraryRules

PROTOCOL_NAMES = ("standard", "sticky", "paper", "sb3", "sb3-v5")
STICKY_PROBABILITY = 0.25
"""Of the sticky protocol (Machado et al. 2018)."""


class Steps(NamedTuple):
    """What one agent step in each of B environments led to.

    Attributes:
        screens: uint8 [B, 210, 160, 3], RGB.
        rewards: float32 [B], true and not clipped.
        is_terminated: bool [B], the game is over, or a life is lost where that ends the learner's episode.
        is_truncated: bool [B], the game was cut at its longest length.
        is_first: bool [B], the screen is the first of a new game; the action that was given is ignored.
        is_fresh: bool [B], the agent has to forget what came before the screen: a new game, or a new life where the
            protocol begins anew with each.
        lives: int32 [B].
    """

    screens: np.ndarray
    rewards: np.ndarray
    is_terminated: np.ndarray
    is_truncated: np.ndarray
    is_first: np.ndarray
    is_fresh: np.ndarray
    lives: np.ndarray


def find_protocol(name: str, game: Game) -> Protocol:
    """Returns how a game is played under a protocol.

    Args:
        name: `standard` (up to 30 no-ops, fire on start), `sticky` (Machado et al. 2018: repeat probability 0.25,
            neither no-ops nor fire), `paper` (as the game's row of Table I was most probably measured), `sb3` (as
            Stable-Baselines3's `evaluate_policy` plays on `NoFrameskip-v4`, and CleanRL: every life begins anew) or
            `sb3-v5` (the same on `ALE/...-v5`, which repeats actions and skips four frames by itself).
        game: the game.

    Raises:
        UserError: there is no such protocol.
    """
    if name == "standard":
        return Protocol()
    if name == "sticky":
        return Protocol(sticky_probability=STICKY_PROBABILITY, noop_max=0, fire_on_start=False)
    if name == "paper":
        return game.paper_protocol
    if name == "sb3":
        return Protocol(lives_begin_anew=True)
    if name == "sb3-v5":
        return Protocol(lives_begin_anew=True, emulator_skip=4, sticky_probability=STICKY_PROBABILITY)
    raise UserError(f"expected a protocol of {', '.join(PROTOCOL_NAMES)}, got {name!r}")


def action_names(game: Game) -> tuple[str, ...]:
    """Returns the names of the actions that a game is played with, in the emulator's order, such as NOOP, FIRE, UP."""
    environment = VectorEnvironment(game, 1)
    names = environment.action_names
    environment.close()
    return names


class VectorEnvironment:
    """B environments of one game that are stepped together.

    A game that is over starts anew by itself: the step after its last screen ignores its action and returns the
    first screen of the new game, marked `is_first`. So a truncated game's last screen is seen, and its value can be
    the bootstrap.
    """

    def __init__(
        self,
        game: Game,
        num_envs: int,
        protocol: Protocol | None = None,
        *,
        life_loss_terminates: bool = False,
        num_threads: int = 1,
    ) -> None:
        """Makes the environments; call `reset` before `step`.

        Args:
            game: the game.
            num_envs: B.
            protocol: how it is played; None is the standard protocol.
            life_loss_terminates: report a lost life as terminated, and play on (for the learner).
            num_threads: emulator threads.
        """
        self.num_envs = num_envs
        self._inner: VectorEnv
        protocol = protocol or Protocol()
        if protocol.lives_begin_anew:
            if life_loss_terminates:
                raise ValueError("expected lives that begin anew, or that end the learner's episode, got both")
            library = _make_library(game, num_envs, protocol)
            self._inner, self.action_names = library, _action_names(library)
        elif isinstance(protocol.frame_skip, int) and protocol.max_steps is None:
            native = _make_native(game, num_envs, protocol, life_loss_terminates, num_threads)
            self._inner = native
            self.action_names = tuple(ale_py.Action(action).name for action in native.ale.get_action_set())
        else:
            if life_loss_terminates or protocol.noop_max or protocol.fire_on_start:
                raise ValueError(f"expected no life loss, no-ops or fire with {protocol}: gymnasium has none of them")
            python = _make_python(game, num_envs, protocol)
            self._inner, self.action_names = python, _action_names(python)
        self._earlier_frames = np.zeros(num_envs, np.int64)

    def reset(self, seed: int) -> np.ndarray:
        """Starts a new game in every environment.

        Args:
            seed: environment b is seeded with seed + b.

        Returns:
            uint8 [B, 210, 160, 3], the first screens.
        """
        screens, info = self._inner.reset(seed=seed)
        self._earlier_frames = _earlier_frames(info)
        return _single_frame(screens)

    def restart(self, mask: np.ndarray) -> np.ndarray:
        """Starts a new game in some environments; the others stay where they are.

        Args:
            mask: bool [B], which.

        Returns:
            uint8 [B, 210, 160, 3], every environment's present screen.
        """
        screens, info = self._inner.reset(options={"reset_mask": mask})
        self._earlier_frames = np.where(mask, _earlier_frames(info), self._earlier_frames)
        return _single_frame(screens)

    def step(self, actions: np.ndarray) -> Steps:
        """Takes one agent step in every environment.

        Args:
            actions: integer [B], indices into `action_names`.
        """
        screens, rewards, terminated, truncated, info = self._inner.step(np.asarray(actions, np.int64))
        earlier_frames = _earlier_frames(info)
        is_first = earlier_frames != self._earlier_frames
        self._earlier_frames = earlier_frames
        return Steps(
            screens=_single_frame(screens),
            rewards=np.asarray(rewards, np.float32),
            is_terminated=np.asarray(terminated),
            is_truncated=np.asarray(truncated),
            is_first=is_first,
            is_fresh=is_first | np.asarray(info.get(IS_NEW_LIFE, False), bool),
            lives=np.asarray(info["lives"], np.int32),
        )

    def close(self) -> None:
        """Frees the emulators."""
        self._inner.close()


def _make_native(
    game: Game, num_envs: int, protocol: Protocol, life_loss_terminates: bool, num_threads: int
) -> ale_py.AtariVectorEnv:
    return ale_py.AtariVectorEnv(
        game.rom,
        num_envs,
        num_threads=num_threads,
        max_num_frames_per_episode=protocol.max_frames,
        repeat_action_probability=protocol.sticky_probability,
        full_action_space=game.has_all_actions,
        img_height=210,
        img_width=160,
        grayscale=False,
        stack_num=1,
        frameskip=protocol.frame_skip,
        noop_max=protocol.noop_max,
        use_fire_reset=protocol.fire_on_start,
        life_loss_info=life_loss_terminates,
        reward_clipping=False,
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )


def _make_python(game: Game, num_envs: int, protocol: Protocol) -> SyncVectorEnv:
    """The native environments have neither a random frame skip nor a limit in agent steps."""
    frame_skip = protocol.frame_skip
    if isinstance(frame_skip, tuple):
        frame_skip = (frame_skip[0], frame_skip[1] + 1)  # gymnasium's upper end is exclusive

    def make() -> gymnasium.Env:
        environment: gymnasium.Env = ale_py.AtariEnv(
            game.rom,
            obs_type="rgb",
            frameskip=frame_skip,
            repeat_action_probability=protocol.sticky_probability,
            max_num_frames_per_episode=protocol.max_frames,
            full_action_space=game.has_all_actions,
        )
        return gymnasium.wrappers.TimeLimit(environment, protocol.max_steps) if protocol.max_steps else environment

    return SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode.NEXT_STEP)


def _make_library(game: Game, num_envs: int, protocol: Protocol) -> SyncVectorEnv:
    """Makes environments whose lives begin anew."""
    frame_skip = protocol.frame_skip
    if not isinstance(frame_skip, int):
        raise ValueError(f"expected one frame skip, got {frame_skip}")
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # each emulator would say its name

    def make() -> gymnasium.Env:
        environment = ale_py.AtariEnv(
            game.rom,
            obs_type="rgb",
            frameskip=protocol.emulator_skip,
            repeat_action_probability=protocol.sticky_probability,
            max_num_frames_per_episode=protocol.max_frames,
            full_action_space=game.has_all_actions,
        )
        return LibraryRules(environment, frame_skip, protocol.noop_max)

    return SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode.NEXT_STEP)


def _action_names(environments: SyncVectorEnv) -> tuple[str, ...]:
    return tuple(cast(ale_py.AtariEnv, environments.envs[0].unwrapped).get_action_meanings())


def _earlier_frames(info: dict[str, np.ndarray]) -> np.ndarray:
    """Frames of the games before the present one: it changes exactly when a new game starts, lives or no lives."""
    return np.asarray(info["frame_number"], np.int64) - np.asarray(info["episode_frame_number"], np.int64)


def _single_frame(screens: np.ndarray) -> np.ndarray:
    return screens[:, 0] if screens.ndim == 5 else screens

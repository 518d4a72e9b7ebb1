"""What a call of `train` starts from: the run that is there, another agent's weights, or nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from xdrl.backgrounds import encode_background, measure_background
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.environments import VectorEnvironment, action_names
from xdrl.errors import UserError
from xdrl.games import Game
from xdrl.machine import MachineSettings
from xdrl.networks import arrays_to_variables, build_network
from xdrl.preprocessing import ScreenPreprocessing
from xdrl.storage.checkpoints import RunState
from xdrl.storage.runs import Run, open_run
from xdrl.storage.stored_agents import find_log, read_agent

PIXEL_SCREENS, PIXEL_ENVS, PIXEL_PARTS = 1000, 8, 10
"""Screens of random play that background and deviation are measured on, the environments they come from, and the parts
that they are preprocessed in."""


def prepare_run(
    run_dir: Path,
    game: Game,
    settings: Mapping[str, Any],
    start_from: Path | None,
    suited: MachineSettings | None = None,
) -> Run:
    """Opens the run in a folder, or describes a new one.

    Args:
        run_dir: the folder.
        game: to train.
        settings: fields of `TrainingConfig` that were asked for.
        start_from: an agent whose weights and normalising constants a new run takes, and whose agent steps, time and
            learning curve it goes on from; None starts from nothing.
        suited: what a new run has where `settings` say nothing; None takes what `TrainingConfig` has.

    Raises:
        UserError: the folder holds another run, the agent does not fit, or it cannot be read here.
    """
    run = open_run(run_dir, game, settings)
    if run and run.checkpoint:
        if start_from:
            raise UserError(f"{run_dir} holds a run that would go on; --from starts a new one, --fresh puts this aside")
        return run
    defaults = suited._asdict() if suited else {}
    training = TrainingConfig(**{"game": game.name, **vars(game.recipe), **defaults, **settings})
    if start_from is None:
        return Run(run_dir, training, describe_network(game, training.network, training.seed))
    agent = read_agent(start_from)
    found = agent.network
    if agent.game != game or not isinstance(found, NetworkConfig) or found.kind != training.network:
        raise UserError(
            f"expected an agent of {game.name} with the network {training.network} in {start_from}, "
            f"got one of {agent.game.name} with {found.kind}"
        )
    arrays_to_variables(agent.weights, build_network(found).weights)  # refuses what does not fit before a run begins
    steps, seconds = agent.provenance.agent_steps, agent.provenance.seconds
    return Run(
        run_dir,
        training,
        found,
        first_weights=agent.weights,
        first_state=RunState(agent_steps=steps, seconds=seconds),
        first_log=find_log(agent.provenance.source),
        history=agent.provenance.history,
    )


def describe_network(game: Game, kind: str, seed: int) -> NetworkConfig:
    """Returns the configuration of a new network for a game, its background and deviation measured on random play."""
    screens = _play_at_random(game, seed)
    background = encode_background(measure_background(screens))
    preprocess = ScreenPreprocessing(game.crop, pixel_mean=0.0, pixel_std=1.0, background=background)
    moving = np.concatenate(
        [keras.ops.convert_to_numpy(preprocess(part)) for part in np.array_split(screens, PIXEL_PARTS)]
    )
    # A3C is the published network; E-A3C's torso has no biases, so that its map cannot point at nothing.
    return NetworkConfig(
        kind, action_names(game), game.crop, 0.0, float(np.std(moving)), background, use_bias=kind != "e-a3c"
    )


def _play_at_random(game: Game, seed: int) -> np.ndarray:
    """Returns 1,000 screens of random play, uint8 [1000, 210, 160, 3]."""
    environment = VectorEnvironment(game, PIXEL_ENVS)
    generator = np.random.default_rng(seed)
    screens = [environment.reset(seed)]
    for _ in range(PIXEL_SCREENS // PIXEL_ENVS - 1):
        actions = generator.integers(0, len(environment.action_names), PIXEL_ENVS)
        screens.append(environment.step(actions).screens)
    environment.close()
    return np.concatenate(screens)

"""Which agent is meant, known from its folder alone: nothing is built, and TensorFlow is not needed."""

from pathlib import Path
from typing import NamedTuple

from xdrl.errors import UserError
from xdrl.games import Game, find_game
from xdrl.storage.checkpoints import BEST, CHECKPOINT
from xdrl.storage.runs import CONFIG, RUNS
from xdrl.storage.saved_models import SAVED_MODELS, shipped_agents
from xdrl.storage.stored_agents import read_identity


class AgentFolder(NamedTuple):
    """An agent before it is loaded.

    Attributes:
        path: where it is.
        game: that it plays.
        action_names: the game's actions, in the order of its probabilities.
    """

    path: Path
    game: Game
    action_names: tuple[str, ...]


def find_agent_folder(
    game_name: str | None, path: Path | None = None, runs: Path = RUNS, saved_models: Path | None = None
) -> AgentFolder:
    """Finds the agent that is meant.

    Args:
        game_name: of the game, None for any.
        path: where the agent is, None to look for it: the game's run if it has a `best/`, else the shipped agent,
            else the run as far as it has come; without a game the run trained last, else a shipped agent.
        runs: where the runs are.
        saved_models: where the shipped agents are; None for all that `shipped_agents` finds.

    Raises:
        UserError: there is no such agent, or it plays another game.
    """
    game = find_game(game_name) if game_name else None
    if path is None:
        path = _path_of_game(game.name, runs, saved_models) if game else _newest_path(runs, saved_models)
    found, network = read_identity(path)
    if game and found != game:
        raise UserError(f"expected an agent of {game.name} in {path}, got one of {found.name}")
    return AgentFolder(path, found, network.action_names)


def _path_of_game(name: str, runs: Path, saved_models: Path | None) -> Path:
    shipped = shipped_agents(saved_models).get(name)
    if (runs / name / BEST).is_dir() or (shipped is None and (runs / name / CHECKPOINT).is_dir()):
        return runs / name
    if shipped is None:
        places = f"{runs / name} or {(saved_models or SAVED_MODELS) / name}"
        raise UserError(f"expected an agent of {name} in {places}; get one: train {name}")
    return shipped


def _newest_path(runs: Path, saved_models: Path | None) -> Path:
    trained = [path.parent for path in runs.glob(f"*/{CONFIG}") if (path.parent / CHECKPOINT).is_dir()]
    if trained:
        return max(trained, key=lambda run: (run / CHECKPOINT).stat().st_mtime)
    shipped = shipped_agents(saved_models)
    if shipped:
        return next(iter(shipped.values()))
    raise UserError(f"expected an agent in {runs} or {saved_models or SAVED_MODELS}, found none; get one: train Pong")

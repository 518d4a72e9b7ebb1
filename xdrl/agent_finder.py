"""Which agent is meant where none is named: the game's run, the shipped agent, or the run trained last."""

from pathlib import Path

from xdrl.agents import Agent, load_agent
from xdrl.errors import UserError
from xdrl.games import find_game
from xdrl.storage.checkpoints import BEST, CHECKPOINT
from xdrl.storage.runs import CONFIG, RUNS
from xdrl.storage.saved_models import SAVED_MODELS, shipped_agents


def find_agent(
    game_name: str | None, folder: Path | None, runs: Path = RUNS, saved_models: Path = SAVED_MODELS
) -> Agent:
    """Loads the agent that is meant.

    Args:
        game_name: of the game, None for any.
        folder: where the agent is, None to look for it: the game's run if it has a `best/`, else the shipped
            agent, else the run as far as it has come; without a game the run trained last, else a shipped agent.
        runs: where the runs are.
        saved_models: where the shipped agents are.

    Raises:
        UserError: there is no such agent, or it plays another game.
    """
    if folder is None:
        folder = _folder_of_game(game_name, runs, saved_models) if game_name else _newest_folder(runs, saved_models)
    agent = load_agent(folder)
    if game_name and agent.game != find_game(game_name):
        raise UserError(f"expected an agent of {find_game(game_name).name} in {folder}, got one of {agent.game.name}")
    return agent


def _folder_of_game(game_name: str, runs: Path, saved_models: Path) -> Path:
    name = find_game(game_name).name
    shipped = shipped_agents(saved_models).get(name)
    if (runs / name / BEST).is_dir() or (shipped is None and (runs / name / CHECKPOINT).is_dir()):
        return runs / name
    if shipped is None:
        raise UserError(f"expected an agent of {name} in {runs / name} or {saved_models / name}; get one: train {name}")
    return shipped


def _newest_folder(runs: Path, saved_models: Path) -> Path:
    trained = [path.parent for path in runs.glob(f"*/{CONFIG}") if (path.parent / CHECKPOINT).is_dir()]
    if trained:
        return max(trained, key=lambda run: (run / CHECKPOINT).stat().st_mtime)
    shipped = shipped_agents(saved_models)
    if shipped:
        return next(iter(shipped.values()))
    raise UserError(f"expected an agent in {runs} or {saved_models}, found none; get one: train Pong")

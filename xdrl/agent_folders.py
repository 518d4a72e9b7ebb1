"""Which agent is meant, known from its folder alone: nothing is built, and TensorFlow is not needed.

Of a game's run, what was imported, the agents exported and the one that is shipped, the one with the best mean under
the standard protocol is meant. What is not evaluated comes last, and of that the shipped one first.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from xdrl.errors import UserError
from xdrl.games import Game, find_game
from xdrl.standings import Standing, read_standing
from xdrl.storage.checkpoints import CHECKPOINT, saved_steps
from xdrl.storage.imported_agents import IMPORTED, is_imported
from xdrl.storage.runs import CONFIG, RUNS
from xdrl.storage.saved_models import EXPORTED_MODELS, SAVED_MODELS, highest_version, shipped_agents, shipped_folder
from xdrl.storage.stored_agents import read_identity


class Places(NamedTuple):
    """Where agents are looked for.

    Attributes:
        runs: training runs, a folder for each.
        exports: agents that were exported, a folder for each game.
        imported: agents of other libraries, a folder for each game.
        shipped: agents that are shipped or were promoted, in the same way; None for `saved_models` in the folder in
            which one stands, and for those that come with the code.
    """

    runs: Path = RUNS
    exports: Path = EXPORTED_MODELS
    imported: Path = IMPORTED
    shipped: Path | None = None

    @property
    def shipped_folders(self) -> tuple[Path, ...]:
        """The folders of shipped agents, the nearest first."""
        return (SAVED_MODELS, shipped_folder()) if self.shipped is None else (self.shipped,)


class AgentFolder(NamedTuple):
    """An agent before it is loaded.

    Attributes:
        path: where it is; of an exported agent its version.
        game: that it plays.
        action_names: the game's actions, in the order of its probabilities.
        standing: how far it has come, and how well it plays.
        passed_over: the run, the imported and the exported agent that could have been meant, and do not play better.
    """

    path: Path
    game: Game
    action_names: tuple[str, ...]
    standing: Standing
    passed_over: tuple[Standing, ...] = ()


def find_agent_folder(game_name: str | None, path: Path | None = None, places: Places = Places()) -> AgentFolder:
    """Finds the agent that is meant.

    Args:
        game_name: of the game, None for any.
        path: where the agent is, None to choose: of the game's, or without a game of the game that was trained last,
            else of a game whose agent is shipped.
        places: where to look.

    Raises:
        UserError: there is no such agent, or it plays another game.
    """
    game = find_game(game_name) if game_name else None
    passed_over: list[Standing] = []
    if path is None:
        name, run = (game.name, places.runs / game.name) if game else _nearest_game(places)
        own = _own_agents(name, run, places)
        standing = choose(own, [read_standing(version) for version in _versions(name, places.shipped_folders)])
        if standing is None:
            where = _say_places(name, places)
            raise UserError(f"expected an agent of {name} in {where}; get one: train {name}, or import")
        passed_over = [each for each in own if each != standing and (each.mean is None or each.mean != standing.mean)]
    else:
        standing = read_standing(path)
    found, network = read_identity(standing.path if path is None else path)
    if game and found.name != game.name:
        raise UserError(f"expected an agent of {game.name} in {path}, got one of {found.name}")
    return AgentFolder(standing.path, found, network.action_names, standing, tuple(passed_over))


def choose(own: Sequence[Standing], shipped: Sequence[Standing]) -> Standing | None:
    """Chooses the agent with the best mean; of equals, and of those that are not evaluated, the first.

    Args:
        own: agents that were trained here.
        shipped: agents that are shipped; not evaluated they come before those trained here that are not.
    """
    evaluated = [each for each in (*own, *shipped) if each.mean is not None]
    if evaluated:
        return max(evaluated, key=lambda each: each.mean or 0.0)
    return next(iter((*shipped, *own)), None)


def folders_to_serve(places: Places = Places()) -> dict[str, Path]:
    """Chooses for every exported model the folder that is served, by name: the one whose highest version is meant."""
    parents = (places.exports, *places.shipped_folders)
    names = {folder.name for parent in parents if parent.is_dir() for folder in parent.iterdir() if folder.is_dir()}
    found = {}
    for name in sorted(names):
        own, shipped = _versions(name, [places.exports]), _versions(name, places.shipped_folders)
        chosen = choose([read_standing(version) for version in own], [read_standing(version) for version in shipped])
        if chosen:
            found[name] = chosen.path.parent
    return found


def _own_agents(name: str, run: Path, places: Places) -> list[Standing]:
    """Returns a run that has saved something, and the agents that were imported and exported of the game."""
    runs = [run] if saved_steps(run) is not None else []
    imported = [folder for folder in [places.imported / name] if is_imported(folder)]
    return [read_standing(path) for path in (*runs, *imported, *_versions(name, [places.exports]))]


def _versions(name: str, parents: Sequence[Path]) -> list[Path]:
    """Returns the highest version of a model in each folder that has one; a folder that is two of them counts once."""
    found: dict[Path, Path] = {}
    for parent in parents:
        if version := highest_version(parent / name):
            found.setdefault(version.resolve(), version)
    return list(found.values())


def _nearest_game(places: Places) -> tuple[str, Path]:
    """Returns the game that was trained last and its run, else one whose agent was exported or is shipped."""
    trained = [path.parent for path in places.runs.glob(f"*/{CONFIG}") if (path.parent / CHECKPOINT).is_dir()]
    if trained:
        run = max(trained, key=lambda run: (run / CHECKPOINT).stat().st_mtime)
        return read_identity(run)[0].name, run
    for name in (*shipped_agents(places.exports), *shipped_agents(places.shipped)):
        return name, places.runs / name
    folders = f"{places.runs}, {places.exports} or {places.shipped or SAVED_MODELS}"
    raise UserError(f"expected an agent in {folders}, found none; get one: train Pong")


def _say_places(name: str, places: Places) -> str:
    own = ", ".join(str(folder / name) for folder in (places.runs, places.imported, places.exports))
    return f"{own} or {(places.shipped or SAVED_MODELS) / name}"

"""How far an agent has come and how well it plays, as its folder says: nothing is built, no TensorFlow is needed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xdrl.errors import UserError
from xdrl.storage.checkpoints import saved_steps
from xdrl.storage.imported_agents import AGENT_FILE, is_imported
from xdrl.storage.runs import is_run, load_evaluations
from xdrl.storage.saved_models import all_versions, highest_version, read_agent_json, read_evaluations
from xdrl.storage.weights_files import read_weights_file

PROTOCOL = "standard"
"""By whose evaluation agents are compared."""


class Standing(NamedTuple):
    """What an agent says of itself before it is loaded.

    Attributes:
        path: the run's folder, the version of an exported agent, or the weights file.
        agent_steps: that it was trained for; None where it does not say.
        mean: true score of its last evaluation under the standard protocol; None where these weights have none.
        num_episodes: whole games that the mean is of.
        protocols: all that these weights have been evaluated under.
    """

    path: Path
    agent_steps: int | None = None
    mean: float | None = None
    num_episodes: int = 0
    protocols: tuple[str, ...] = ()

    def is_below(self, other: "Standing") -> bool:
        """Says whether it is not shown to be as good as another one that is evaluated."""
        return other.mean is not None and (self.mean is None or self.mean < other.mean)


def read_standing(path: Path) -> Standing:
    """Reads how an agent stands.

    Args:
        path: a run's folder, an imported agent's, a SavedModel's (its highest version), one version of it, or a weights
            file. Of what does not say how it stands only the path is known.
    """
    if is_run(path):
        steps = saved_steps(path)
        return _standing(path, steps, load_evaluations(path, steps))
    version = highest_version(path) or path
    try:
        if is_imported(path):
            steps = read_weights_file(path / AGENT_FILE).agent_steps
            return _standing(path, steps, load_evaluations(path, steps))
        if path.is_file():
            return Standing(path, read_weights_file(path).agent_steps)
        values = read_agent_json(version)
        return _standing(version, values["training"].get("agent_steps"), read_evaluations(values))
    except (UserError, LookupError, TypeError, AttributeError):
        return Standing(version)


def best_standing(folder: Path) -> Standing:
    """Reads how the best of a model's versions stands; where none is evaluated only the folder is known."""
    found = [read_standing(version) for version in all_versions(folder)]
    evaluated = [each for each in found if each.mean is not None]
    return max(evaluated, key=lambda each: each.mean or 0.0, default=Standing(folder))


def _standing(path: Path, agent_steps: int | None, evaluations: Mapping[str, Mapping[str, Any]]) -> Standing:
    record = evaluations.get(PROTOCOL, {})
    mean, count = record.get("mean"), int(record.get("num_episodes", 0))
    return Standing(path, agent_steps, None if mean is None else float(mean), count, tuple(evaluations))

"""The record of an explanation method: what it computes, where its map lies and which targets it knows."""

from collections.abc import Callable
from dataclasses import dataclass

from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject
from xdrl.methods import CELLS, check_target
from xdrl.targets import Target


@dataclass(frozen=True)
class Method:
    """An explanation method.

    Attributes:
        function: a subject to its maps, of TensorFlow operations alone, so that it can be compiled and exported.
        description: one line for users.
        source: authors and year.
        lies_on: `cells`, where the map has a value for each cell of the feature map, or `observation`, where the
            whole map stands for the whole observation, whatever its resolution.
        follows_target: the map depends on the target.
        needs_action: it explains only targets that are about an action.
        any_direction: of what was chosen, and of the value, it says what matters, whether for or against.
    """

    function: Callable[[Subject], MapBatch]
    description: str
    source: str
    lies_on: str = CELLS
    follows_target: bool = True
    needs_action: bool = False
    any_direction: bool = False

    def check(self, target: Target) -> None:
        """Raises UserError where the method does not know such a target."""
        check_target(self.function.__name__, self.needs_action, target)

"""The explanation methods by name: what each computes and which targets it knows.

`xdrl.explainers` has their functions, which take TensorFlow, and `xdrl.objects` the one that takes objects away; their
names and what is said of them take nothing.
"""

from dataclasses import dataclass

from xdrl.errors import UserError
from xdrl.targets import VALUE, Target

CELLS, OBSERVATION, PIXELS = "cells", "observation", "pixels"
OBJECTS = "objects"
"""The method that takes objects away: it needs an agent and the screens of its game, and no feature map."""
ALL = "all"
"""Stands for every method that knows the target."""
DEFAULT = "grad-cam"
BEST = "best"
"""Stands for the method that is shown to answer the question, see `xdrl.trust.known`."""


@dataclass(frozen=True)
class MethodRow:
    """What is said of an explanation method.

    Attributes:
        description: one line for users.
        source: authors and year.
        lies_on: `cells`, where the map has a value for each cell of the feature map, or `observation`, where the
            whole map stands for the whole observation, whatever its resolution; `pixels`, where it has a value for
            each pixel of the screen that the agent sees.
        follows_target: the map depends on the target.
        needs_action: it explains only targets that are about an action.
        any_direction: of what was chosen, and of the value, it says what matters, whether for or against.
    """

    description: str
    source: str
    lies_on: str = CELLS
    follows_target: bool = True
    needs_action: bool = False
    any_direction: bool = False


METHOD_ROWS: dict[str, MethodRow] = {
    "grad-cam": MethodRow("the last convolution's channels, by their mean gradient", "Selvaraju et al. 2017"),
    "grad-cam++": MethodRow(
        "the same by their positive gradients, for objects of any size", "Chattopadhay et al. 2018"
    ),
    "hires-cam": MethodRow("the last convolution's cells, each by its own gradient", "Draelos & Carin 2020"),
    "layer-cam": MethodRow("the same where that gradient is positive", "Jiang et al. 2021"),
    "score-cam": MethodRow(
        "its channels, by what the network decides when it sees through one alone", "Wang et al. 2020"
    ),
    "eigen-cam": MethodRow(
        "what its channels have most in common, for any target the same", "Muhammad & Yeasin 2020",
        follows_target=False,
    ),
    "saliency": MethodRow("the size of the gradient at each pixel", "Simonyan et al. 2014", OBSERVATION),
    "smooth-grad": MethodRow("the same, averaged over noisy copies", "Smilkov et al. 2017", OBSERVATION),
    "integrated-gradients": MethodRow(
        "what each pixel adds on the way from a blank observation", "Sundararajan et al. 2017", OBSERVATION
    ),
    "occlusion": MethodRow(
        "how far the score drops where a patch is painted over", "Zeiler & Fergus 2014", OBSERVATION
    ),
    "blur": MethodRow(
        "how far policy or value move where a place is blurred", "Greydanus et al. 2018", OBSERVATION,
        any_direction=True,
    ),
    "sarfa": MethodRow(
        "where blurring makes this action, and no other, less likely", "Puri et al. 2020", OBSERVATION,
        needs_action=True,
    ),
    OBJECTS: MethodRow(
        "how far the policy moves where an object is replaced by its background", "Iyer et al. 2018",
        PIXELS, any_direction=True,
    ),
}  # fmt: skip


def find_row(name: str) -> MethodRow:
    """Returns what is said of the method of a name.

    Raises:
        UserError: there is no such method.
    """
    if name not in METHOD_ROWS:
        raise UserError(f"expected a method of {', '.join(METHOD_ROWS)}, got {name!r}")
    return METHOD_ROWS[name]


def check_target(name: str, needs_action: bool, target: Target) -> None:
    """Raises UserError where a method does not know such a target."""
    if needs_action and target.kind == VALUE:
        raise UserError(f"{name}: expected a target that is about an action, got {target.kind}")


def choose_methods(names: str, target: Target) -> tuple[list[str], list[str]]:
    """Reads which methods are asked for.

    Args:
        names: one or several with commas, or `all`.
        target: that they explain.

    Returns:
        the methods, and a line for each of `all` that does not know the target.

    Raises:
        UserError: a method that is named does not exist, or does not know the target.
    """
    if names != ALL:
        chosen = list(dict.fromkeys(name.strip() for name in names.split(",")))
        for name in chosen:
            check_target(name, find_row(name).needs_action, target)
        return chosen, []
    methods, left_out = [], []
    for name, row in METHOD_ROWS.items():
        try:
            check_target(name, row.needs_action, target)
            methods.append(name)
        except UserError as error:
            left_out.append(str(error))
    return methods, left_out

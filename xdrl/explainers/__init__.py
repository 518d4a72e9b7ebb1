"""Explanation methods: one file each, one registry, one contract.

A method is a function (network, screens, state_h, state_c, weigh) to an `ActivationMap`, made of TensorFlow
operations alone, so that it can be compiled, batched and exported.
"""

from collections.abc import Callable

from xdrl.errors import UserError
from xdrl.explainers.grad_cam import ActivationMap, grad_cam

METHODS: dict[str, Callable[..., ActivationMap]] = {"grad-cam": grad_cam}


def find_method(name: str) -> Callable[..., ActivationMap]:
    """Returns the method of a name.

    Raises:
        UserError: there is no such method.
    """
    if name not in METHODS:
        raise UserError(f"expected a method of {', '.join(METHODS)}, got {name!r}")
    return METHODS[name]

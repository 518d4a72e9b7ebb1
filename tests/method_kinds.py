"""The explanation methods as tests take them: one of a kind always, the rest when slow."""

import pytest

from xdrl.explainers import METHODS

KINDS = ("grad-cam", "eigen-cam", "score-cam", "saliency", "sarfa", "blur")
"""Methods that do each something else with a target and with the network."""
EVERY_METHOD = [name if name in KINDS else pytest.param(name, marks=pytest.mark.slow) for name in METHODS]

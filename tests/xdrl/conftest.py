"""Tiny agents and their screens."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The helpers of `tests/tiny_agents.py`."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "tiny_agents.py")))


@pytest.fixture(scope="session")
def agent(tiny: SimpleNamespace):
    """An a3c agent of Pong; tests leave its weights as they are."""
    return tiny.make_agent()


@pytest.fixture(scope="session")
def screens(tiny: SimpleNamespace, agent):
    """Five different screens of Pong."""
    return tiny.play_randomly(agent, 5)


@pytest.fixture(scope="session")
def exported(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of the export of `agent`; tests leave it as it is."""
    return tiny.export_once(tmp_path_factory.getbasetemp())

"""The report of a short game that a tiny agent really plays, in a browser."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.browser import Page
from xdrl.evaluation import Recording, record_episode
from xdrl.explanations.measures import flips_without_memory
from xdrl.games import Protocol
from xdrl.report import build_report

STEPS = 80
CLAIMS = [
    {
        "claim": "Points at <objects>",
        "verdict": "yes",
        "figure": 0.31,
        "interval": [0.27, 0.35],
        "rivals": [
            {"against": "better than chance", "figure": 0.08, "verdict": "yes", "decides": True},
            {"against": "better than what moves", "figure": 0.82, "verdict": "no", "decides": False},
        ],
    },
    {"claim": "Differs between actions", "verdict": "no", "figure": None, "interval": None},
]


class Built(NamedTuple):
    """A report, what it is of, and what building it said."""

    path: Path
    recording: Recording
    flips: np.ndarray
    lines: list[str]


class Player(Page):
    """A page on which a game is played."""

    def step(self) -> int:
        return int(self.text("#position").split()[1].rstrip(","))

    def wait_for_step(self, step: int) -> None:
        self.wait(lambda: self.step() == step)

    def go_to(self, step: int) -> None:
        self.choose("#timeline", step)
        self.wait_for_step(step)

    def pixels(self, selector: str) -> np.ndarray:
        """The red, green and blue of a canvas, int [H, W, 3]."""
        script = """
            const canvas = document.querySelector(arguments[0]);
            const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [image.height, image.width, [...image.data].join(" ")];
        """
        height, width, values = self.run(script, selector)
        return np.array(values.split(), int).reshape(height, width, 4)[..., :3]

    def complaints(self) -> list[dict]:
        """What the browser has logged since it was asked last, but for the way these tests read canvases."""
        return [entry for entry in super().complaints() if "getImageData" not in entry["message"]]


@pytest.fixture
def page(page: Page) -> Player:
    """A page of desk size with nothing open, and nothing in the log."""
    return Player(page.driver)


@pytest.fixture(scope="session")
def recording(agent) -> Recording:
    """A short game."""
    return record_episode(agent, Protocol(), STEPS, is_greedy=False, seed=0)


@pytest.fixture(scope="session")
def built(agent, recording, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The report of a short game."""
    path = tmp_path_factory.mktemp("report") / "deeper" / "report.html"
    flips = flips_without_memory(agent, recording)
    lines = build_report(agent, recording, flips, path, facts=[("Command", "python cli.py explain")], claims=CLAIMS)
    return Built(path, recording, flips, lines)


@pytest.fixture
def report(page: Player, built: Built) -> Player:
    """The report, open at its first step, as its address says."""
    page.open(built.path.as_uri() + "#step=0")
    return page

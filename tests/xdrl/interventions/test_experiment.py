"""Agents of which one knows what they follow: the experiment tells them apart."""

import dataclasses
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from xdrl.games import find_game
from xdrl.interventions.changes import CHANGES
from xdrl.interventions.experiment import experiment_to_json, run_experiment
from xdrl.views.interventions_view import interventions_view, strongest

COLOURS = {"ball": (236, 236, 236), "enemy": (213, 130, 74), "player": (92, 186, 92)}
ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")


class Nothing(NamedTuple):
    """The memory of an agent that has none."""


class Follower:
    """Goes to where the middle of an object is, by its colour."""

    game, action_names = find_game("Pong"), ACTIONS
    provenance = SimpleNamespace(source=Path("by-hand"), agent_steps=0)

    def __init__(self, followed: str, judges_actions: bool = False) -> None:
        self._followed, self.judges_actions = followed, judges_actions

    def initial_state(self, count: int) -> Nothing:
        return Nothing()

    def act(self, screens: np.ndarray, state: Nothing) -> SimpleNamespace:
        gaps = np.array([_middle(screen, self._followed) - _middle(screen, "player") for screen in screens])
        down = np.clip(np.nan_to_num(gaps) / 4, -8, 8)
        logits = np.zeros((len(screens), len(ACTIONS)), np.float32)
        logits[:, 2], logits[:, 3] = -down, down
        return SimpleNamespace(logits=logits, state=state)

    def draw_actions(self, decision: SimpleNamespace, generator: np.random.Generator) -> np.ndarray:
        return decision.logits.argmax(-1)


def _middle(screen: np.ndarray, name: str) -> float:
    rows = np.flatnonzero((screen[34:194] == COLOURS[name]).all(-1).any(1))
    return float(rows.mean()) if len(rows) else np.nan


@pytest.fixture
def without_games(monkeypatch):
    """Whole games take long: here they are not played."""
    monkeypatch.setitem(CHANGES, "Pong", dataclasses.replace(CHANGES["Pong"], rules={}))


@pytest.mark.parametrize(("followed", "other"), [("ball", "enemy"), ("enemy", "ball")])
def test_what_an_agent_follows_is_found(without_games, followed, other):
    experiment = run_experiment(Follower(followed), 2, 120, seed=1)
    moved = {each.part: each for each in experiment.moved}
    assert moved[followed].following.low > 0.2 and moved[followed].divergence.low > 0.2
    # The game moves the enemy by up to two pixels after the ball in the same frame.
    assert moved[other].divergence.mean < moved[followed].divergence.mean / 5
    assert abs(moved[other].following.mean) < moved[followed].following.mean / 5
    assert moved["player"].following.mean < 0, "its own paddle it leaves, to be where the object is"
    assert strongest(experiment).startswith(f"Pong: the place of the {followed} changes the policy most, ")


def test_of_an_agent_that_judges_actions_the_best_one_follows(without_games):
    experiment = run_experiment(Follower("ball", judges_actions=True), 2, 60, seed=1)
    ball, *_ = experiment.moved
    assert ball.divergence.low > 0.2 and ball.otherwise.mean > 0.2
    assert ball.following.mean > 0.2
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(interventions_view(experiment))
    assert "Q-values move" in (said := console.export_text()) and "has Q-values and no policy" in said


def test_an_experiment_is_shown_and_kept(without_games):
    experiment = run_experiment(Follower("ball"), 2, 60, seed=1)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(interventions_view(experiment))
    assert "objects elsewhere, 12 or 24 pixels" in console.export_text()
    found = json.loads(json.dumps(experiment_to_json(experiment)))
    assert found["moved"][0]["part"] == "ball" and found["moved"][0]["divergence"]["episodes"] == 2


@pytest.mark.slow
def test_whole_games_are_played_under_every_rule():
    scores = run_experiment(Follower("ball"), 2, 20, seed=1).scores
    assert list(scores) == list(CHANGES["Pong"].rules)
    assert scores["the enemy stands in the middle"].mean > scores["as it is"].mean

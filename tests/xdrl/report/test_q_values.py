"""The report of an agent that judges actions speaks of Q-values: in its figures, its bars and its words."""

from pathlib import Path

import numpy as np
import pytest

from xdrl.agents import Agent, Provenance
from xdrl.environments import find_protocol
from xdrl.evaluation import Recording, record_episode
from xdrl.explanations.episodes import explain_episode
from xdrl.explanations.highlights import importances
from xdrl.explanations.measures import margins
from xdrl.explanations.pictures import captions, panel_text
from xdrl.games import find_game
from xdrl.imported_config import ACTION_VALUES
from xdrl.nature import build_nature
from xdrl.nature_config import NatureConfig
from xdrl.objects.edits import Paint
from xdrl.pictures.bars import bar_lengths
from xdrl.report import build_report
from xdrl.report.contents import describe_making, describe_page, describe_steps, find_moments
from xdrl.report.session import Session

ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")
STEPS = 12


@pytest.fixture(scope="module")
def judge() -> Agent:
    """An agent of Breakout with action values, whose every fourth action is drawn at random."""
    config = NatureConfig("test DQN", ACTIONS, ACTION_VALUES, features=4, epsilon=0.25)
    return Agent(build_nature(config), find_game("Breakout"), Provenance(Path("tiny"), 0, 0.0))


@pytest.fixture(scope="module")
def game(judge: Agent) -> Recording:
    """The beginning of a game."""
    return record_episode(judge, find_protocol("sb3", judge.game), STEPS, is_greedy=False, seed=0)


def test_its_steps_have_q_values_and_its_moments_go_by_them(judge: Agent, game: Recording):
    assert describe_page(judge)["judges_actions"]
    assert "Q-values" in dict(describe_making(judge, []))["Critic"]
    steps = describe_steps(game, np.zeros(STEPS, bool))
    np.testing.assert_allclose(steps["q_values"], game.logits, atol=1e-4)
    np.testing.assert_allclose(steps["value"], np.max(steps["q_values"], -1), atol=1e-3)
    (moment, *_) = sorted(find_moments(judge, game), key=lambda moment: -moment["spread"])
    assert moment["spread"] == round(float(importances(game.logits).max()), 4)


def test_its_bars_run_from_the_lowest_to_the_highest_q_value():
    lengths = bar_lengths(np.array([[-3.0, 1.0, -1.0], [2.0, 2.0, 2.0]]), judges_actions=True)
    np.testing.assert_allclose(lengths, [[0, 1, 0.5], [0.5, 0.5, 0.5]])


def test_its_video_and_strip_say_q_values(judge: Agent, game: Recording):
    episode = explain_episode(judge, game, "chosen", "grad-cam")
    panel, step = panel_text(judge, episode, 3), slice(3, 4)
    lines = dict(panel.lines)
    assert lines["best Q-value"] == f"{game.values[3]:.2f}"
    assert lines["above the next"] == f"{margins(game.logits[step])[0]:.3f}" and "entropy" not in lines
    assert panel.figures == tuple(f"{value:.3f}" for value in game.logits[3])
    assert (panel.lengths.min(), panel.lengths.max()) == (0, 1)
    chosen = game.actions[3]
    assert captions(judge, episode, step) == [f"step 3\n{ACTIONS[chosen]} Q {game.logits[3, chosen]:.3f}"]


def test_in_a_notebook_q_values_are_named(judge: Agent, game: Recording):
    decision, best = judge.act(game.screens[:1]), ACTIONS[judge.act(game.screens[:1]).actions[0]]
    shown, values = decision._repr_html_(), decision.logits[0]
    assert f"{best}, with a Q-value of {values.max():.2f}." in shown
    assert ">Q-value<" in shown and "probability" not in shown and f">{values.min():.3f}<" in shown
    rival = ACTIONS[values.argsort()[-2]]
    assert f"{best} rather than {rival}" in judge.explain(game.screens[:1], target="contrast")._repr_html_()


@pytest.mark.slow
def test_its_page_says_q_values(page, judge: Agent, game: Recording, tmp_path: Path):
    build_report(judge, game, np.zeros(STEPS, bool), tmp_path / "report.html")
    page.open((tmp_path / "report.html").as_uri())
    page.go_to(5)
    values = game.logits[5]
    assert page.texts("#actions .share") == [f"{value:.3f}".replace("-", "−") for value in values]
    widths = page.run("return [...document.querySelectorAll('#actions .bar')].map(bar => bar.offsetWidth)")
    assert widths.index(max(widths)) == values.argmax() and widths[values.argmin()] == 0
    names = page.texts("#figures dt")
    assert "Best Q-value" in names and not {"Value", "Entropy"} & set(names)
    assert page.text("#actions-hint").startswith("Q-value of each action")
    assert page.texts("#curves figcaption b") == ["Score", "Best Q-value", "Lead"]
    assert ", Q-value " in page.text("#announcer") and "probability" not in page.text("main").lower()
    assert page.complaints() == []


def test_its_screen_is_changed_while_the_frames_before_stay(judge: Agent, game: Recording):
    live = Session(judge, find_protocol("sb3", judge.game), "sb3", is_greedy=False, seed=0)
    for _ in range(STEPS):
        live.step([])
    found = live.what_if(STEPS - 1, [Paint((0, 40, 160, 200), (255, 255, 255))], [])
    live.close()
    state = type(game.state)(*(part[-1:] for part in game.state))
    screen = game.screens[-1].copy()
    screen[40:200] = 255
    expected = judge.act(screen, state)
    np.testing.assert_allclose(found["thoughts"]["q_values"], expected.logits, atol=1e-4)
    assert np.abs(expected.logits - game.logits[-1:]).max() > 1e-3
    assert found["keeps"].endswith("the 3 screens before, which the agent sees too, are as they were.")

"""The whole examination, of a tiny agent: its figures, how they are shown, and a method that ignores the network."""

import dataclasses
import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.text import Text
from PIL import Image
from rich.console import Console

from xdrl.errors import UserError
from xdrl.explainers import METHODS
from xdrl.explainers.grad_cam import grad_cam
from xdrl.explainers.methods import Method
from xdrl.methods import METHOD_ROWS, MethodRow
from xdrl.trust.baselines import BASELINES
from xdrl.trust.cells import ALL
from xdrl.trust.examination import examine
from xdrl.trust.figure import draw_trust, save_trust
from xdrl.trust.records import NO_FIGURE, OBJECTS, ONE_EPISODE, OWN, Key, Settings, Trust, to_json
from xdrl.trust.summary import NO, YES
from xdrl.trust.view import find_warnings, trust_view

TINY = Settings(num_episodes=2, max_steps=24, num_frames=4)
REPORTS: list[tuple[int, int, str]] = []


@pytest.fixture(scope="module")
def trust(agent) -> Trust:
    REPORTS.clear()
    return examine(agent, TINY, on_progress=lambda *report: REPORTS.append(report))


def show(trust: Trust) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(trust_view(trust))
    return console.export_text()


def test_every_test_has_figures_for_every_baseline(trust: Trust):
    (method,) = trust.methods
    tests = {figure.key.test for figure in method.figures}
    assert tests == {
        "objects",
        "deletion and insertion",
        "object occlusion",
        "randomisation",
        "specificity",
        "health",
    }
    for source in (OWN, *BASELINES):
        for quantity in ("hit - chance", "hit", "mass ratio"):
            assert method.figure(Key(OBJECTS, quantity, ALL, source))
    for figure in method.figures:
        assert len(figure.per_episode) == 2
    random = [figure for figure in method.figures if figure.key.test == "deletion and insertion"]
    assert len(random) == 7 * 2 * 2 * 2
    assert {figure.interval.mean for figure in random if figure.key.source == "random"} == {1.0}
    assert [episode.seed for episode in trust.episodes] == [0, 1]
    assert trust.agent.agent_steps == 40


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures(agent, trust: Trust):
    again = examine(agent, TINY)
    for first, second in zip(trust.methods[0].figures, again.methods[0].figures, strict=True):
        assert first.key == second.key
        np.testing.assert_allclose(first.per_episode, second.per_episode, rtol=1e-3, atol=1e-4)


def test_the_agent_keeps_its_weights(tiny: SimpleNamespace, agent, trust: Trust):
    for before, after in zip(tiny.make_agent().network.weights, agent.network.weights, strict=True):
        np.testing.assert_array_equal(before.value, after.value)


def test_progress_runs_to_its_end(trust: Trust):
    done, total, words = zip(*REPORTS, strict=True)
    assert list(done) == list(range(13))
    assert set(total) == {12}
    assert words[1] == "episode 1 of 2: grad-cam, maps and baselines"


def test_the_record_is_plain_json(trust: Trust):
    record = json.loads(json.dumps(to_json(trust), allow_nan=False))
    assert next(iter(record)) == "summary" and record["summary"] == trust.summary
    assert record["agent"] == {
        "game": "Pong",
        "source": "tiny",
        "agent_steps": 40,
        "network": "a3c",
        "judges_actions": False,
    }
    assert record["settings"]["methods"] == ["grad-cam"]
    assert {"numpy", "tensorflow"} <= record["versions"].keys()
    claim = record["methods"][0]["claims"][0]
    assert claim["sentence"] == "points at moving objects"
    assert claim["comparisons"][0]["words"].startswith("points at moving objects better than chance: ")
    assert "moving objects better than an untrained network's map: " in claim["comparisons"][1]["words"]


def test_the_view_fits_80_columns(trust: Trust):
    text = show(trust)
    assert max(map(len, text.splitlines())) <= 80
    assert " ".join(text.split()).startswith(" ".join(trust.summary.split())), "what was found comes first"
    assert "points at moving objects: " in text
    assert "better than the episode's mean map (" in text
    for kind in ("player", "enemy"):
        assert f"│ {kind}" in text


def test_the_figure_is_drawn(tmp_path: Path, trust: Trust):
    save_trust(tmp_path / "new" / "trust.png", trust)
    words = [text.get_text() for text in draw_trust(trust).findobj(Text)]
    assert any(trust.summary in text.replace("\n", " ") for text in words), "what was found stands above it"
    with Image.open(tmp_path / "new" / "trust.png") as picture:
        assert picture.size == (1800, 1050)
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels == (0xD5, 0x5E, 0x00)).all(-1).sum() > 1000  # the method's bars
    with pytest.raises(UserError, match="cannot be written"):
        save_trust(tmp_path / "new" / "trust.png" / "in-a-file.png", trust)


@pytest.mark.slow
def test_one_episode_says_that_it_has_no_interval(agent):
    trust = examine(agent, Settings(num_episodes=1, max_steps=8, num_frames=2))
    (method,) = trust.methods
    assert not any(figure.interval.is_known for figure in method.figures)
    assert {ONE_EPISODE} <= {claim.verdict for claim in method.claims}
    assert not {YES, NO} & {claim.verdict for claim in method.claims}
    assert "one episode has no interval" in show(trust)
    json.dumps(to_json(trust), allow_nan=False)


@pytest.mark.slow
def test_a_game_of_one_step_has_no_objects_and_no_figures_for_them(agent):
    trust = examine(agent, Settings(num_episodes=2, max_steps=1, num_frames=2))
    (method,) = trust.methods
    assert method.figure(Key(OBJECTS, "hit - chance", ALL)).interval.episodes == 0
    about_objects = [claim for claim in method.claims if claim.test == OBJECTS and "background" not in claim.sentence]
    assert {claim.verdict for claim in about_objects} == {NO_FIGURE}
    text = show(trust)
    assert "no moving objects were found" in text
    assert "points at moving objects: no figure" in text
    assert json.loads(json.dumps(to_json(trust), allow_nan=False))["methods"][0]["figures"][-1]["per_episode"]


def ignorant_map(subject):
    """An explanation that looks right and has nothing to do with the network: the same map for every screen."""
    found = grad_cam(subject)
    maps = tf.tile(tf.reshape(tf.range(64.0), (1, 8, 8)), (tf.shape(found.maps)[0], 1, 1))
    return found._replace(maps=maps, peaks=tf.reduce_max(maps, (1, 2)))


def test_a_method_that_ignores_the_network_is_caught(agent, monkeypatch: pytest.MonkeyPatch):
    row = MethodRow("nothing of the network", "nobody")
    monkeypatch.setitem(METHOD_ROWS, "ignorant", row)
    monkeypatch.setitem(METHODS, "ignorant", Method(ignorant_map, **vars(row)))
    settings = Settings(("ignorant",), num_episodes=2, max_steps=12, num_frames=3)
    claims = {claim.sentence: claim.verdict for claim in examine(agent, settings).methods[0].claims}
    assert claims["changes when the network forgets what it learnt"] == NO
    assert claims["is about the action, not about any action"] == NO
    for sentence in ("points at moving objects", "lies on moving objects", "marks the objects that the policy uses"):
        assert claims[sentence] != YES


@pytest.mark.slow
def test_two_agents_are_compared(tiny: SimpleNamespace, agent):
    rival = tiny.make_agent(seed=3, source="rival")
    trust = examine(agent, Settings(num_episodes=2, max_steps=10, num_frames=2), rival)
    contest = trust.contest
    assert contest.other.source == "rival"
    assert len(contest.other_episodes) == 2
    sentences = [claim.sentence for claim in contest.claims]
    assert {"points at moving objects", "lies on objects of the kind player"} <= set(sentences)
    assert all(claim.comparisons[0].against == "better than the other agent's, a3c" for claim in contest.claims)
    assert "Against rival, a3c" in show(trust)
    assert "scores differ" not in show(trust)
    stronger = tuple(dataclasses.replace(episode, score=20.0 + episode.seed) for episode in trust.episodes)
    assert "scores differ" in show(dataclasses.replace(trust, episodes=stronger))


@pytest.mark.slow
@pytest.mark.parametrize(("game", "kinds"), [("SpaceInvaders", {"player", "enemy"}), ("Breakout", {"object"})])
def test_other_games_are_examined_as_well(tiny: SimpleNamespace, game: str, kinds: set[str]):
    trust = examine(tiny.make_agent(game_name=game), Settings(num_episodes=1, max_steps=60, num_frames=2))
    assert kinds <= set(trust.methods[0].subjects(OBJECTS, "hit - chance"))


def test_what_the_user_got_wrong(tiny: SimpleNamespace, agent):
    with pytest.raises(UserError, match="expected a method of"):
        examine(agent, Settings(("grad-cat",)))
    with pytest.raises(UserError, match="expected an agent of Pong to compare with, got one of Qbert"):
        examine(agent, TINY, tiny.make_agent(game_name="Qbert"))


@pytest.mark.slow
def test_blank_maps_and_indifferent_policies_are_warned_of(tiny: SimpleNamespace):
    blind = tiny.make_agent()
    tiny.make_monotone(blind, -1)  # all that it sees speaks against everything
    trust = examine(blind, Settings(num_episodes=2, max_steps=8, num_frames=2))
    warnings = " ".join(find_warnings(trust))
    assert "grad-cam: on 100% of the steps the map is blank" in warnings
    assert "it hardly chooses" in warnings

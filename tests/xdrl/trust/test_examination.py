"""The whole examination, of a tiny agent: its figures, how they are shown, and a method that ignores the network."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from rich.console import Console

from xdrl.environments import find_protocol
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.explainers import METHODS
from xdrl.explainers.grad_cam import grad_cam
from xdrl.trust.baselines import BASELINES
from xdrl.trust.cells import ALL
from xdrl.trust.examination import examine
from xdrl.trust.figure import save_trust
from xdrl.trust.health import check_health, flicker
from xdrl.trust.randomisation import copy_agent, fresh_weights, layers_from_top, randomise
from xdrl.trust.records import NO, NO_FIGURE, OBJECTS, ONE_EPISODE, OWN, YES, Key, Settings, Trust, to_json
from xdrl.trust.specificity import explain_runner_up, likeness
from xdrl.trust.view import find_warnings, trust_view

TINY = Settings(num_episodes=2, max_steps=24, num_frames=4)
REPORTS: list[tuple[int, int, str]] = []


@pytest.fixture(scope="module")
def trust(agent) -> Trust:
    REPORTS.clear()
    return examine(agent, TINY, on_progress=lambda *report: REPORTS.append(report))


@pytest.fixture(scope="module")
def recording(agent):
    return record_episode(agent, find_protocol("standard", agent.game), 12, is_greedy=False, seed=1)


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
    assert len(random) == 6 * 2 * 2 * 2
    assert {figure.interval.mean for figure in random if figure.key.source == "random"} == {1.0}
    assert [episode.seed for episode in trust.episodes] == [0, 1]
    assert trust.agent.agent_steps == 40


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
    assert record["agent"] == {"game": "Pong", "source": "tiny", "agent_steps": 40, "network": "a3c"}
    assert record["settings"]["methods"] == ["grad-cam"]
    assert {"numpy", "tensorflow"} <= record["versions"].keys()
    claim = record["methods"][0]["claims"][0]
    assert claim["sentence"] == "points at moving objects"
    assert claim["comparisons"][0]["words"].startswith("points at moving objects better than chance: ")
    assert "moving objects better than an untrained network's map: " in claim["comparisons"][1]["words"]


def test_the_view_fits_80_columns(trust: Trust):
    text = show(trust)
    assert max(map(len, text.splitlines())) <= 80
    assert "points at moving objects: " in text
    assert "better than the episode's mean map (" in text
    for kind in ("player", "enemy"):
        assert f"│ {kind}" in text


def test_the_figure_is_drawn(tmp_path: Path, trust: Trust):
    save_trust(tmp_path / "new" / "trust.png", trust)
    with Image.open(tmp_path / "new" / "trust.png") as picture:
        assert picture.size == (1800, 1050)
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels == (0xD5, 0x5E, 0x00)).all(-1).sum() > 1000  # the method's bars
    with pytest.raises(UserError, match="cannot be written"):
        save_trust(tmp_path / "new" / "trust.png" / "in-a-file.png", trust)


def test_one_episode_says_that_it_has_no_interval(agent):
    trust = examine(agent, Settings(num_episodes=1, max_steps=8, num_frames=2))
    (method,) = trust.methods
    assert not any(figure.interval.is_known for figure in method.figures)
    assert {ONE_EPISODE} <= {claim.verdict for claim in method.claims}
    assert not {YES, NO} & {claim.verdict for claim in method.claims}
    assert "one episode has no interval" in show(trust)
    json.dumps(to_json(trust), allow_nan=False)


def test_a_game_of_one_step_has_no_objects_and_no_figures_for_them(agent):
    trust = examine(agent, Settings(num_episodes=2, max_steps=1, num_frames=2))
    (method,) = trust.methods
    assert method.figure(Key(OBJECTS, "hit - chance", ALL)).interval.episodes == 0
    assert {claim.verdict for claim in method.claims if claim.test == OBJECTS} == {NO_FIGURE}
    text = show(trust)
    assert "no moving objects were found" in text
    assert "points at moving objects: no figure" in text
    assert json.loads(json.dumps(to_json(trust), allow_nan=False))["methods"][0]["figures"][-1]["per_episode"]


def ignorant_map(network, screens, state_h, state_c, weigh):
    """An explanation that looks right and has nothing to do with the network: the same map for every screen."""
    found = grad_cam(network, screens, state_h, state_c, weigh)
    pattern = tf.reshape(tf.range(64.0), (1, 8, 8))
    maps = tf.tile(pattern, (tf.shape(screens)[0], 1, 1))
    return found._replace(maps=maps, peaks=tf.reduce_max(maps, (1, 2)))


def test_a_method_that_ignores_the_network_is_caught(agent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(METHODS, "ignorant", ignorant_map)
    settings = Settings(("ignorant",), num_episodes=2, max_steps=12, num_frames=3)
    claims = {claim.sentence: claim.verdict for claim in examine(agent, settings).methods[0].claims}
    assert claims["changes when the network forgets what it learnt"] == NO
    assert claims["is about the action, not about any action"] == NO
    for sentence in ("points at moving objects", "lies on moving objects", "marks the objects that the policy uses"):
        assert claims[sentence] != YES
    del agent._explainers["ignorant", "chosen", True]


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


def test_what_the_user_got_wrong(tiny: SimpleNamespace, agent):
    with pytest.raises(UserError, match="expected a method of"):
        examine(agent, Settings(("grad-cat",)))
    with pytest.raises(UserError, match="expected an agent of Pong to compare with, got one of Qbert"):
        examine(agent, TINY, tiny.make_agent(game_name="Qbert"))


def test_blank_maps_and_indifferent_policies_are_warned_of(tiny: SimpleNamespace):
    blind = tiny.make_agent()
    tiny.make_monotone(blind, -1)  # all that it sees speaks against everything
    trust = examine(blind, Settings(num_episodes=2, max_steps=8, num_frames=2))
    warnings = " ".join(find_warnings(trust))
    assert "100% of the maps are blank" in warnings
    assert "policies" in warnings


def test_layers_forget_from_the_top_and_the_maps_change(agent, recording):
    assert list(layers_from_top(agent.network)) == ["heads", "core", "hidden", "convolution_2", "convolution_1"]
    copy = copy_agent(agent)
    fresh = fresh_weights(agent, 5)

    def changed() -> set[str]:
        pairs = zip(agent.network.weights, copy.network.weights, strict=True)
        return {a.path.split("/")[0] for a, b in pairs if "kernel" in a.path and not np.array_equal(a.value, b.value)}

    assert changed() == set()
    before = copy.explain(recording.screens, recording.state, actions=recording.actions).maps
    np.testing.assert_allclose(
        before, agent.explain(recording.screens, recording.state, actions=recording.actions).maps
    )
    names = []
    for name in randomise(copy, fresh):
        names.append(name)
        assert changed() == {"policy", "value", *names} - {"heads"}
        maps = copy.explain(recording.screens, recording.state, actions=recording.actions).maps
        assert not np.allclose(maps, before, rtol=0.05)
    assert len(names) == 5


def test_fresh_weights_are_not_those_that_the_agent_began_with(tiny: SimpleNamespace):
    begun = tiny.make_agent(seed=0)
    fresh = fresh_weights(begun, 0)
    for weight in begun.network.weights:
        if "kernel" in weight.path:
            assert abs(np.corrcoef(np.ravel(weight.value), fresh[weight.path].ravel())[0, 1]) < 0.3


def test_the_runner_up_is_the_best_action_that_was_not_taken(agent, recording):
    found = explain_runner_up(agent, recording, "grad-cam").maps
    for step in range(4):
        order = [action for action in np.argsort(-recording.logits[step]) if action != recording.actions[step]]
        part = slice(step, step + 1)
        state = type(recording.state)(recording.state.h[part], recording.state.c[part])
        alone = agent.explain(recording.screens[part], state, actions=np.array(order[:1]))
        np.testing.assert_allclose(found[step], alone.maps[0], rtol=1e-3, atol=1e-6)
    maps = np.random.default_rng(0).random((3, 9))
    assert likeness(maps, maps) == pytest.approx(1)
    assert likeness(np.zeros((3, 9)), maps) == 0
    assert np.isnan(likeness(np.zeros((3, 9)), np.zeros((3, 9))))


def test_flicker_by_hand(agent, recording):
    assert flicker(np.array([[1.0, 0], [0, 2], [0, 0], [3, 1], [1, 1]])) == (1 + 0.25) / 2
    assert np.isnan(flicker(np.zeros((3, 2))))
    explanation = agent.explain(recording.screens, recording.state, actions=recording.actions)
    statuses = ["ok"] * 6 + ["all_negative"] * 4 + ["zero_gradient"] * 2
    found = check_health(recording, explanation._replace(statuses=statuses))
    assert found["blank"] == 0.5
    assert (found["all negative"], found["zero gradient"]) == pytest.approx((4 / 12, 2 / 12))
    even = np.full_like(recording.probabilities, 1 / 6)
    even[:3] = (0.9, *[0.02] * 5)
    named = recording.__class__(**{**vars(recording), "probabilities": even})
    assert check_health(named, explanation)["near uniform"] == 0.75

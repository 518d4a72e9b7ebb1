"""Exporting: versions, what goes along, and what a failed proof leaves behind."""

import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf

import serving.export
from serving.export import ExportError, export_agent
from tests.warm import WarmPopen
from xdrl.agents import Agent, load_agent
from xdrl.config import load_run_config
from xdrl.errors import UserError
from xdrl.networks import variables_to_arrays
from xdrl.storage.histories import describe_call, write_history
from xdrl.storage.progress import Progress, write_progress
from xdrl.storage.rounding import round_weights
from xdrl.storage.runs import save_evaluation
from xdrl.storage.saved_models import PROGRESS_CSV, read_agent_json

ALWAYS = ["agent.json", "batching.json", "game.json", "sample.png", "tf_serving_warmup_requests"]
"""What lies in `assets.extra` of every export."""


class Forgetful(Agent):
    """An agent whose live value is not what its network says: no export of it can be right."""

    def act(self, screens, state=None):
        """Adds a little to the value."""
        decision = super().act(screens, state)
        return decision._replace(values=decision.values + 0.01)


@pytest.fixture
def unproved(monkeypatch):
    """Exports without the proof, which has tests of its own and takes seconds."""
    monkeypatch.setattr(serving.export, "_prove", lambda *_: None)


def make_row(agent_steps: int, score: float) -> Progress:
    return Progress(agent_steps, 4 * agent_steps, 1.5, 30.0, 2, score, score, 1.25, 0.1, 0.2, 3.0, 1.0)


def names_below(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_an_export_holds_what_a_server_and_a_reader_need(exported):
    names = set(names_below(exported))
    assert {"saved_model.pb", "variables/variables.index", "assets.extra/agent.json"} <= names
    assert names_below(exported.parents[1])[:2] == ["Pong", "Pong/1"]


def test_the_description_says_what_the_agent_is(exported, agent):
    values = read_agent_json(exported)
    assert (values["game"], values["core_size"], values["evaluations"]) == ("Pong", 256, {})
    training = {"agent_steps": 40, "frames": 160, "seconds": 1.5, "configuration": None, "history": []}
    assert values["training"] == training
    assert values["network"] == {
        "kind": "a3c",
        "action_names": list(agent.action_names),
        "crop": {"top": 34, "bottom": 194},
        "pixel_mean": 0.35,
        "pixel_std": 0.2,
        "background": "",
        "use_bias": True,
    }
    assert values["heatmap_box"] == {"top": 46, "left": 12, "bottom": 174, "right": 140}
    assert values["tensorflow"] == tf.__version__


def test_weights_live_in_the_variables_bit_by_bit(exported, agent):
    reader = tf.train.load_checkpoint(str(exported / "variables" / "variables"))
    variables = read_agent_json(exported)["variables"]
    arrays = variables_to_arrays(agent.network.weights)
    assert variables.keys() == arrays.keys()
    for path, array in arrays.items():
        np.testing.assert_array_equal(reader.get_tensor(variables[path]), array)


@pytest.mark.slow
def test_weights_are_rounded_so_that_they_compress(tiny, tmp_path, unproved):
    agent = tiny.make_agent()
    for weight in agent.network.weights:
        weight.assign(np.asarray(weight.value) * np.float32(1.001))
    before = variables_to_arrays(agent.network.weights)
    found = load_agent(export_agent(agent, tmp_path))
    for path, array in variables_to_arrays(found.network.weights).items():
        np.testing.assert_array_equal(array, round_weights(before)[path])
    for path, array in variables_to_arrays(agent.network.weights).items():
        np.testing.assert_array_equal(array, before[path])


@pytest.mark.slow
def test_the_next_version_has_the_next_number_and_brings_the_evaluation(tiny, tmp_path, unproved):
    for name in ("9", "10"):
        (tmp_path / "Pong" / name).mkdir(parents=True)
        (tmp_path / "Pong" / name / "saved_model.pb").touch()
    record = {"agent": "runs/Pong", "mean": -20.5, "scores": [-20.0, -21.0], "lengths": [800, 900], "seed": 0}
    run = tiny.write_run(tiny.make_agent(seed=1), tmp_path / "runs" / "Pong", agent_steps=40)
    save_evaluation(run, record | {"protocol": "sticky", "agent_steps": 40})
    write_history(run, (describe_call(["train", "Pong"], 0),))
    agent = load_agent(run)
    version = export_agent(agent, tmp_path)
    assert version == tmp_path / "Pong" / "11"
    assert sorted(path.name for path in version.parent.iterdir()) == ["10", "11", "9"]
    kept = {"sticky": {"mean": -20.5, "seed": 0, "protocol": "sticky", "agent_steps": 40}}
    assert read_agent_json(version)["evaluations"] == kept
    found = load_agent(version.parent)
    assert found.provenance.evaluations == kept
    assert found.provenance.training == agent.provenance.training == load_run_config(run / "config.json")[0]
    assert [call.command for call in found.provenance.history] == ["python cli.py train Pong"]
    screens = tiny.play_randomly(agent, 1, steps=2)
    np.testing.assert_array_equal(found.act(screens).logits, agent.act(screens).logits)


@pytest.mark.slow
def test_how_a_run_learned_goes_along_up_to_the_agent_and_on_to_its_next_export(tiny, tmp_path, unproved):
    run = tiny.write_run(tiny.make_agent(), tmp_path / "runs" / "Pong", agent_steps=40)
    rows = [make_row(agent_steps, score) for agent_steps, score in ((20, float("nan")), (40, -20.5), (60, -13.0))]
    write_progress(run / "progress.csv", rows)
    version = export_agent(load_agent(run), tmp_path / "saved_models")
    assert names_below(version / "assets.extra") == [*ALWAYS[:3], "progress.csv", *ALWAYS[3:]]
    lines = (run / "progress.csv").read_text().splitlines()
    assert (version / "assets.extra" / "progress.csv").read_text().splitlines() == lines[:3]
    again = export_agent(load_agent(version.parent), tmp_path / "saved_models")
    assert (again.name, names_below(again / "assets.extra")) == ("2", names_below(version / "assets.extra"))
    assert (again / PROGRESS_CSV).read_bytes() == (version / PROGRESS_CSV).read_bytes()


@pytest.mark.slow
def test_a_run_that_says_nothing_of_the_agents_learning_has_no_curve_to_go_along(tiny, tmp_path, unproved):
    run = tiny.write_run(tiny.make_agent(), tmp_path / "runs" / "Pong", agent_steps=40)
    for count, rows in enumerate([[], [make_row(60, -13.0)]], 1):
        write_progress(run / "progress.csv", rows)
        version = export_agent(load_agent(run), tmp_path / "saved_models")
        assert (version.name, names_below(version / "assets.extra")) == (str(count), ALWAYS)


def test_an_export_that_answers_otherwise_is_refused_and_leaves_nothing(tiny, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", WarmPopen)
    agent = tiny.make_agent()
    liar = Forgetful(agent.network, agent.game, agent.provenance)
    kept = tmp_path / "Pong" / "1"
    kept.mkdir(parents=True)
    (kept / "saved_model.pb").write_bytes((exported / "saved_model.pb").read_bytes())
    before = names_below(tmp_path)
    with pytest.raises(ExportError) as error:
        export_agent(liar, tmp_path)
    message = str(error.value)
    assert "value" in message and "differs by 0.01" in message and "\n" not in message
    assert names_below(tmp_path) == before


def test_an_export_that_cannot_be_written_leaves_nothing(agent, tmp_path, monkeypatch):
    def full_disk(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full_disk)
    with pytest.raises(UserError, match="cannot be written: no space left"):
        export_agent(agent, tmp_path)
    assert names_below(tmp_path) == ["Pong"]


def test_the_description_is_json_of_plain_values(exported):
    text = (exported / "assets.extra" / "agent.json").read_text()
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.slow
def test_the_large_network_of_another_game_is_exported_and_proved(tiny, tmp_path):
    agent = tiny.make_agent("e-a3c", "SpaceInvaders")
    version = export_agent(agent, tmp_path)
    _, call = tiny.load_in_session(version)
    for count in (1, 3):
        screens = tiny.play_randomly(agent, count)
        for signature in ("serving_default", "overlay"):
            answer = call(signature, image_bytes=tiny.images(*map(tiny.encode, screens)))
            assert answer["heatmap"].shape == (count, 10, 10)
            np.testing.assert_allclose(answer["heatmap_box"], [[8, 0, 196, 160]] * count)
            np.testing.assert_allclose(answer["action_probabilities"], agent.act(screens).probabilities, atol=1e-4)
            np.testing.assert_allclose(answer["heatmap"], tiny.heatmaps(agent.explain(screens)), atol=1e-3)

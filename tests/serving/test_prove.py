"""The proof as a process: it tells right exports from wrong ones, and refuses the form that looks fine in Python."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import serving.prove
from serving.signatures import build_signatures

PROVE = Path(__file__).parents[2] / "serving" / "prove.py"


@pytest.fixture
def samples(agent, screens) -> dict[str, np.ndarray]:
    """What the live network answers on three screens."""
    state, decision = agent.initial_state(3), agent.act(screens)
    return {
        "3/step/in/frame": screens,
        "3/step/in/state_h": state.h,
        "3/step/in/state_c": state.c,
        "3/step/out/action_probabilities": decision.probabilities,
        "3/step/out/next_state_h": decision.state.h,
    }


def prove(version: Path, samples: dict[str, np.ndarray], folder: Path) -> subprocess.CompletedProcess:
    np.savez(folder / "samples.npz", allow_pickle=False, **samples)
    return subprocess.run(
        [sys.executable, str(PROVE), str(version), str(folder / "samples.npz")],
        cwd=folder,  # nothing of the project may be needed
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
def test_right_answers_are_proved(exported, samples, tmp_path, tiny, screens):
    images = np.array([tiny.encode(screen) for screen in screens[:1]])
    samples |= {"1/serving_default/in/image_bytes": images}
    samples |= {"1/serving_default/out/value": np.asarray(tiny.make_agent().act(screens[:1]).values)}
    proof = prove(exported, samples, tmp_path)
    assert (proof.returncode, proof.stdout) == (0, ""), proof.stderr


def test_a_wrong_answer_is_named_with_its_difference(exported, samples, tmp_path):
    samples["3/step/out/next_state_h"] = samples["3/step/out/next_state_h"] + np.float32(0.001)
    proof = prove(exported, samples, tmp_path)
    assert proof.returncode == 1
    last = proof.stderr.strip().splitlines()[-1]
    assert last == "step next_state_h at batch size 3: differs by 0.001"


def reason(version: Path, samples: dict[str, np.ndarray], folder: Path) -> str:
    """Returns why a proof fails, without a process of its own."""
    np.savez(folder / "samples.npz", allow_pickle=False, **samples)
    with pytest.raises(SystemExit) as error:
        serving.prove.prove(str(version), str(folder / "samples.npz"))
    return str(error.value)


def test_a_missing_number_is_no_match(exported, samples, tmp_path):
    samples["3/step/out/next_state_h"] = np.full_like(samples["3/step/out/next_state_h"], np.nan)
    assert reason(exported, samples, tmp_path) == "step next_state_h at batch size 3: differs by nan"


def test_an_answer_of_another_shape_is_no_match(exported, samples, tmp_path):
    samples["3/step/out/action_probabilities"] = samples["3/step/out/action_probabilities"][:, :5]
    assert reason(exported, samples, tmp_path).endswith("expected the shape [3, 5], got [3, 6]")


@pytest.mark.slow
def test_a_module_that_holds_the_keras_model_is_refused(agent, samples, tmp_path, screens):
    servable = tf.Module()
    servable.model = agent.network.step
    version = tmp_path / "broken"
    tf.saved_model.save(servable, str(version), signatures=build_signatures(agent.network))
    state = agent.initial_state(3)
    in_python = tf.saved_model.load(str(version)).signatures["step"]
    answer = in_python(frame=tf.constant(screens), state_h=tf.constant(state.h), state_c=tf.constant(state.c))
    np.testing.assert_allclose(answer["value"], agent.act(screens).values, atol=1e-4)
    proof = prove(version, samples, tmp_path)
    assert proof.returncode == 1
    assert "Could not find variable" in proof.stderr

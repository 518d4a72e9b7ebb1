import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xdrl.agents import load_agent
from xdrl.errors import UserError
from xdrl.networks import variables_to_arrays
from xdrl.storage.saved_variables import read_variables
from xdrl.storage.stored_agents import StoredAgent, needs_tensorflow, read_agent, write_weights

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(agent, tiny, tmp_path: Path) -> Path:
    return tiny.write_run(agent, tmp_path / "Pong")


def assert_is(found: StoredAgent, agent) -> None:
    assert (found.game, found.network) == (agent.game, agent.network.config)
    weights = variables_to_arrays(agent.network.weights)
    assert found.weights.keys() == weights.keys()
    for path, array in weights.items():
        np.testing.assert_array_equal(found.weights[path], array)


def test_a_run_and_an_export_are_the_same_agent(run: Path, exported: Path, agent):
    for source in (run, exported, exported.parent):
        found = read_agent(source)
        assert_is(found, agent)
        assert (found.provenance.agent_steps, found.provenance.seconds) == (40, 1.5)


@pytest.mark.parametrize("kind", ["run", "exported"])
def test_a_weights_file_is_the_agent_it_was_made_of(kind: str, agent, tmp_path: Path, request):
    path = tmp_path / "pong.npz"
    write_weights(read_agent(request.getfixturevalue(kind)), path)
    found = read_agent(path)
    assert_is(found, agent)
    assert (found.provenance.source, found.provenance.agent_steps, found.provenance.frames) == (path, 40, 160)
    assert (found.provenance.evaluations, found.provenance.training, found.provenance.history) == ({}, None, ())


def test_an_agent_of_a_weights_file_acts_and_explains(run: Path, agent, screens, tmp_path: Path):
    write_weights(read_agent(run), tmp_path / "pong.npz")
    found = load_agent(tmp_path / "pong.npz")
    np.testing.assert_array_equal(found.act(screens).logits, agent.act(screens).logits)
    np.testing.assert_array_equal(found.explain(screens).maps, agent.explain(screens).maps)


def test_a_weights_file_whose_weights_do_not_fit_is_refused(run: Path, tmp_path: Path):
    stored = read_agent(run)
    stored.weights["core/kernel"] = stored.weights["core/kernel"][:-1]
    write_weights(stored, tmp_path / "pong.npz")
    with pytest.raises(UserError, match=r"expected weights core/kernel of shape"):
        load_agent(tmp_path / "pong.npz")


def test_only_a_saved_model_needs_tensorflow(run: Path, exported: Path, tmp_path: Path):
    write_weights(read_agent(run), tmp_path / "pong.npz")
    assert needs_tensorflow(exported) and needs_tensorflow(exported.parent)
    assert not any(needs_tensorflow(path) for path in (run, tmp_path / "pong.npz", tmp_path, tmp_path / "none"))


def test_variables_that_a_saved_model_has_not_are_refused(exported: Path):
    with pytest.raises(ValueError, match="nothing"):
        read_variables(exported, {"core/kernel": "nothing"})


def test_where_there_is_no_tensorflow_a_saved_model_is_refused_and_a_weights_file_is_not(
    run: Path, exported: Path, tmp_path: Path
):
    write_weights(read_agent(run), tmp_path / "pong.npz")
    code = "import sys\nfrom pathlib import Path\nsys.modules['tensorflow'] = None  # as if it were not installed\n"
    code += "from xdrl.storage.stored_agents import read_agent\n"
    code += "read_agent(Path(sys.argv[1]))\nread_agent(Path(sys.argv[2]))\n"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pong.npz"), str(exported)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("xdrl.errors.UserError: expected TensorFlow to read the SavedModel"), said
    assert str(exported) in said

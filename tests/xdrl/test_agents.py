"""Agents from disk: runs, exports, what they decide and how they refuse."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xdrl
from xdrl.agents import CHUNK, load_agent
from xdrl.errors import UserError
from xdrl.networks import variables_to_arrays
from xdrl.storage.checkpoints import RunState, load_checkpoint, save_best, save_checkpoint
from xdrl.storage.saved_models import AGENT_JSON


def assert_same_weights(found, expected) -> None:
    arrays, wanted = (variables_to_arrays(agent.network.weights) for agent in (found, expected))
    assert arrays.keys() == wanted.keys() and len(arrays) > 8
    for path, array in arrays.items():
        np.testing.assert_array_equal(array, wanted[path])


@pytest.fixture
def run(tiny, agent, tmp_path) -> Path:
    return tiny.write_run(agent, tmp_path / "Pong")


@pytest.fixture
def broken_export(exported, tmp_path) -> Path:
    """A copy of the export whose files tests may break; big files are links."""
    version = tmp_path / "Pong" / "1"
    for path in exported.rglob("*"):
        if path.is_file():
            target = version / path.relative_to(exported)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return version


def test_a_run_is_read_from_its_checkpoint(run, agent):
    found = load_agent(run)
    assert_same_weights(found, agent)
    assert found.game.name == "Pong" and found.network.config == agent.network.config
    provenance = found.provenance
    assert (provenance.source, provenance.agent_steps, provenance.frames, provenance.seconds) == (run, 40, 160, 1.5)


def test_the_best_weights_of_a_run_come_before_its_last(run, tiny):
    best = tiny.make_agent(seed=7)
    save_best(run, variables_to_arrays(best.network.weights), RunState(agent_steps=30))
    found = load_agent(str(run))
    assert_same_weights(found, best)
    assert found.provenance.agent_steps == 30


def test_damaged_best_weights_are_refused(run, agent):
    save_best(run, variables_to_arrays(agent.network.weights), RunState())
    (run / "best" / "weights.npz").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(UserError, match=r"expected weights in .*best, but they are damaged"):
        load_agent(run)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(run, agent):
    checkpoint, _ = load_checkpoint(run)
    save_checkpoint(run, checkpoint)
    weights = run / "checkpoint" / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert_same_weights(load_agent(run), agent)
    (run / "checkpoint.previous" / "state.json").write_text("{")
    with pytest.raises(UserError, match=r"checkpoint is damaged .*checkpoint.previous is damaged"):
        load_agent(run)


def test_a_run_that_has_not_saved_is_refused(run):
    (run / "checkpoint").rename(run.parent / "gone")
    with pytest.raises(UserError, match="has not saved one yet"):
        load_agent(run)


def test_weights_of_another_network_are_refused(run, tiny):
    other = variables_to_arrays(tiny.make_agent(game_name="DemonAttack", kind="e-a3c").network.weights)
    save_best(run, other, RunState())
    with pytest.raises(
        UserError, match=r"expected weights .* of shape \[8, 8, 1, 16\], got one of shape \[5, 5, 1, 32\]"
    ):
        load_agent(run)


def test_exported_weights_are_read_back_bit_by_bit(exported, agent, screens):
    for folder in (exported, exported.parent):
        found = load_agent(folder)
        assert_same_weights(found, agent)
        assert found.provenance.source == exported
        assert (found.provenance.agent_steps, found.provenance.seconds) == (40, 1.5)
        np.testing.assert_array_equal(found.act(screens).logits, agent.act(screens).logits)


def test_of_several_versions_the_highest_number_is_read(broken_export):
    game_folder = broken_export.parent
    broken_export.rename(game_folder / "10")
    (game_folder / "9").mkdir()
    (game_folder / "9" / "saved_model.pb").touch()
    assert load_agent(game_folder).provenance.source == game_folder / "10"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"training": {}}', '{"training": 3, "network": {}, "variables": []}'])
def test_an_export_with_a_damaged_description_is_refused(broken_export, text):
    (broken_export / AGENT_JSON).write_text(text)
    with pytest.raises(UserError, match="expected an exported agent in"):
        load_agent(broken_export)


@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
@pytest.mark.parametrize("is_missing", [True, False])
def test_an_export_with_damaged_weights_is_refused(broken_export, name, is_missing):
    path = broken_export / "variables" / name
    if is_missing:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"expected an exported agent in .*, but it cannot be read"):
        load_agent(broken_export)


def test_a_folder_without_an_agent_is_refused_with_what_is_there(tmp_path):
    for path, expected in [("missing", "no such folder"), ("empty", "an empty folder"), ("other", "notes.txt")]:
        folder = tmp_path / path
        if path != "missing":
            folder.mkdir()
        if path == "other":
            (folder / "notes.txt").touch()
        with pytest.raises(
            UserError, match=f"expected a run, an exported agent or a weights file in .*{path}, got {expected}"
        ):
            load_agent(folder)
    with pytest.raises(UserError, match=r"expected a weights file, .*notes\.txt, but it cannot be read: no \.npz"):
        load_agent(tmp_path / "other" / "notes.txt")


@pytest.mark.parametrize(
    "screens",
    [
        np.zeros((210, 160, 3), np.float32),
        np.zeros((160, 210, 3), np.uint8),
        np.zeros((0, 210, 160, 3), np.uint8),
        np.zeros((1, 160, 210, 3), np.uint8),
        np.zeros((1, 210, 160, 1), np.uint8),
        np.zeros((1, 210, 160, 3), np.float32),
        np.zeros((1, 210, 160, 3), np.int64),
        [],
    ],
)
def test_screens_of_another_shape_or_type_are_refused(agent, screens):
    for use in (agent.act, agent.explain):
        with pytest.raises(UserError, match=r"expected screens of shape \[N, 210, 160, 3\] and type uint8, got \["):
            use(screens)


def test_one_screen_may_come_as_a_picture(agent, screens, tmp_path):
    path, state = tmp_path / "screen.png", agent.act(screens[:1]).state
    picture = Image.fromarray(screens[0])
    picture.save(path)
    expected, maps = agent.act(screens[:1], state), agent.explain(screens[:1], state).maps
    for given in (screens[0], picture, path, str(path)):
        np.testing.assert_array_equal(agent.act(given, state).logits, expected.logits)
        np.testing.assert_array_equal(agent.explain(given, state).maps, maps)
    with pytest.raises(UserError, match=r"shape \[N, 210, 160, 3\] and type uint8, got \[420, 320, 3\] uint8"):
        agent.act(picture.resize((320, 420)))


def test_states_and_actions_that_do_not_fit_the_screens_are_refused(agent, screens):
    with pytest.raises(UserError, match=r"expected a state h of shape \[5, 256\], got \[3, 256\]"):
        agent.act(screens, agent.initial_state(3))
    with pytest.raises(UserError, match=r"expected 5 actions for 5 screens, got \[1\]"):
        agent.explain(screens, actions=np.array([2]))


def test_unknown_targets_and_methods_are_refused(agent, screens):
    with pytest.raises(UserError, match="expected a target"):
        agent.explain(screens, target="everything")
    with pytest.raises(UserError, match="expected an action of NOOP, FIRE"):
        agent.explain(screens, target="action:UPFIRE")
    with pytest.raises(UserError, match="expected a method"):
        agent.explain(screens, method="tea-leaves")


def test_a_decision_is_about_the_most_probable_action(agent, screens):
    decision = agent.act(screens)
    assert decision.actions.dtype == np.int64
    assert decision.logits.shape == decision.probabilities.shape == (5, 6)
    np.testing.assert_array_equal(decision.actions, decision.probabilities.argmax(-1))
    np.testing.assert_allclose(decision.probabilities.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        np.log(decision.probabilities) - np.log(decision.probabilities[:, :1]),
        decision.logits - decision.logits[:, :1],
        atol=1e-5,
    )
    assert decision.values.shape == (5,) and np.ptp(decision.values) > 0


def test_the_state_that_is_handed_back_is_the_memory(agent, screens):
    first = agent.act(screens)
    assert not np.allclose(first.state.h, 0)
    remembering, starting = agent.act(screens, first.state), agent.act(screens)
    assert not np.allclose(remembering.logits, starting.logits)
    zero = agent.initial_state(5)
    assert zero.h.shape == zero.c.shape == (5, 256) and not np.any(zero)
    np.testing.assert_array_equal(agent.act(screens, zero).logits, starting.logits)


def test_more_screens_than_are_explained_at_once_are_explained_alike(agent, screens):
    count = CHUNK + 3
    many = np.resize(screens, (count, 210, 160, 3))
    found, few = agent.explain(many), agent.explain(screens)
    assert found.maps.shape[0] == len(found.peaks) == len(found.statuses) == count
    for index in range(count):
        np.testing.assert_allclose(found.maps[index], few.maps[index % 5], atol=1e-4 * few.peaks.max())


def test_an_agent_of_another_game_has_its_actions(tiny):
    agent = tiny.make_agent(game_name="BeamRider")
    assert agent.action_names[:3] == ("NOOP", "FIRE", "UP") and len(agent.action_names) == 9
    assert agent.act(tiny.play_randomly(agent, 2, steps=3)).probabilities.shape == (2, 9)


def test_the_package_loads_agents_and_imports_tensorflow_only_then(run, agent):
    assert_same_weights(xdrl.load_agent(run), agent)
    assert xdrl.Agent is type(agent)
    with pytest.raises(AttributeError, match="no attribute 'load_agents'"):
        xdrl.load_agents  # noqa: B018
    code = "import sys, xdrl; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])

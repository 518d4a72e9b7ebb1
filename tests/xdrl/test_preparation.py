from pathlib import Path

import numpy as np
import pytest
from keras import ops

from xdrl.backgrounds import decode_background
from xdrl.config import NetworkConfig, TrainingConfig, save_run_config
from xdrl.errors import UserError
from xdrl.games import Game, find_game
from xdrl.machine import MachineSettings
from xdrl.networks import Network, variables_to_arrays
from xdrl.preparation import describe_network, prepare_run
from xdrl.preprocessing import ScreenPreprocessing
from xdrl.storage.checkpoints import Checkpoint, RunState, save_checkpoint
from xdrl.storage.runs import Run

SETTINGS = {"network": "a3c"}


@pytest.fixture(scope="module")
def new_run(tmp_path_factory: pytest.TempPathFactory, pong: Game) -> Run:
    return prepare_run(tmp_path_factory.mktemp("runs") / "Pong", pong, SETTINGS | {"seed": 5, "discount": 0.98}, None)


@pytest.fixture
def trained(tmp_path: Path, a3c: Network) -> Path:
    """A run of Pong with the weights of the session's network."""
    folder = tmp_path / "trained"
    folder.mkdir()
    save_run_config(folder / "config.json", TrainingConfig("Pong", network="a3c"), a3c.config)
    save_checkpoint(folder, Checkpoint(variables_to_arrays(a3c.weights), {}, RunState(agent_steps=40, seconds=2.5)))
    return folder


def test_a_new_run_takes_the_games_recipe_and_what_was_asked_for(new_run: Run, pong: Game):
    assert new_run.training == TrainingConfig("Pong", network="a3c", seed=5, **vars(pong.recipe) | {"discount": 0.98})
    assert (new_run.network.kind, new_run.network.crop, new_run.network.num_actions) == ("a3c", pong.crop, 6)
    assert (new_run.checkpoint, new_run.first_weights, new_run.notice) == (None, None, "")
    assert not new_run.run_dir.exists()  # nothing is written before training starts


def test_a_new_run_has_the_sizes_that_suit_the_machine_unless_told_otherwise(tmp_path: Path, pong: Game, trained: Path):
    sizes = MachineSettings(num_workers=4, envs_per_worker=32, emulator_threads=3, convolution_dtype="bfloat16")
    found = prepare_run(tmp_path / "new", pong, SETTINGS | {"envs_per_worker": 5}, trained, sizes).training
    assert (found.num_workers, found.envs_per_worker, found.emulator_threads) == (4, 5, 3)
    resumed = prepare_run(trained, pong, SETTINGS | {"envs_per_worker": 5}, None, sizes).training
    assert (resumed.num_workers, resumed.envs_per_worker, resumed.emulator_threads) == (3, 5, 1)


def test_the_constants_bring_observations_to_mean_0_and_deviation_1(new_run: Run, pong_screens: np.ndarray):
    config = new_run.network
    layer = ScreenPreprocessing(config.crop, config.pixel_mean, config.pixel_std, config.background)
    observations = ops.convert_to_numpy(layer(pong_screens))
    assert abs(observations.mean()) < 0.1
    assert 0.8 < observations.std() < 1.2
    # What stands still, nearly all of Pong's screen, is nearly nothing; ball and paddles are not.
    assert np.quantile(np.abs(observations), 0.97) < 0.1 < 5 < np.abs(observations).max()


def test_the_background_of_pong_is_its_field_and_nothing_but_it_is_exactly_0(new_run: Run, pong_screens: np.ndarray):
    config = new_run.network
    background = decode_background(config.background)
    assert (
        len(np.unique(background[40:190, 24:136].reshape(-1, 3), axis=0)) == 1
    )  # one brown, left and right of it paddles
    assert config.pixel_mean == 0 < config.pixel_std < 0.05
    observations = ops.convert_to_numpy(ScreenPreprocessing(config.crop, 0.0, 0.02, config.background)(pong_screens))
    assert (observations == 0).mean() > 0.98


@pytest.mark.parametrize(("kind", "has_bias"), [("a3c", True), ("e-a3c", False)])
def test_only_the_published_network_has_biases_in_its_convolutions(kind: str, has_bias: bool, pong: Game, monkeypatch):
    monkeypatch.setattr("xdrl.preparation.PIXEL_SCREENS", 16)
    assert describe_network(pong, kind, 0).use_bias is has_bias


def test_the_seed_fixes_the_network(new_run: Run, pong: Game):
    assert describe_network(pong, "a3c", 5) == new_run.network


def test_an_agents_weights_and_constants_start_a_new_run(tmp_path: Path, pong: Game, trained: Path, a3c: Network):
    run = prepare_run(tmp_path / "new", pong, SETTINGS | {"seed": 9}, trained)
    assert (run.network, run.training.seed, run.checkpoint) == (a3c.config, 9, None)
    assert run.first_weights is not None
    for path, array in variables_to_arrays(a3c.weights).items():
        np.testing.assert_array_equal(run.first_weights[path], array)
    assert run.first_state == RunState(agent_steps=40, seconds=2.5)
    assert run.first_log is None
    (trained / "progress.csv").write_text("agent_steps\n")
    assert prepare_run(tmp_path / "new", pong, SETTINGS, trained).first_log == trained / "progress.csv"


def test_an_agent_that_does_not_fit_is_refused(tmp_path: Path, pong: Game, trained: Path):
    with pytest.raises(UserError, match=r"agent of Pong with the network e-a3c .* got one of Pong with a3c"):
        prepare_run(tmp_path / "new", pong, {}, trained)
    with pytest.raises(UserError, match=r"agent of Qbert .* got one of Pong"):
        prepare_run(tmp_path / "new", find_game("Qbert"), SETTINGS, trained)
    with pytest.raises(UserError, match="expected a run, an exported agent or a weights file"):
        prepare_run(tmp_path / "new", pong, SETTINGS, tmp_path / "none")


def test_a_run_that_is_there_goes_on(pong: Game, trained: Path, a3c_config: NetworkConfig):
    run = prepare_run(trained, pong, SETTINGS, None)
    assert run.checkpoint is not None
    assert (run.checkpoint.state.agent_steps, run.network) == (40, a3c_config)


def test_a_run_that_would_go_on_takes_no_other_weights(tmp_path: Path, pong: Game, trained: Path):
    with pytest.raises(UserError, match=r"holds a run that would go on; .*--fresh"):
        prepare_run(trained, pong, SETTINGS, trained)

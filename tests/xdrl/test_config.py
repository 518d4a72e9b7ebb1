import dataclasses
import json
import re
from pathlib import Path

import pytest

from xdrl.config import (
    NetworkConfig,
    TrainingConfig,
    load_run_config,
    network_config_from_json,
    network_config_to_json,
    save_run_config,
)
from xdrl.errors import UserError
from xdrl.schedules import constant, linear

NAN = float("nan")


def test_a_network_config_survives_json(a3c_config: NetworkConfig):
    assert network_config_from_json(json.loads(json.dumps(network_config_to_json(a3c_config)))) == a3c_config


def test_a_runs_config_survives_the_file(tmp_path: Path, a3c_config: NetworkConfig):
    training = TrainingConfig(
        "Pong", network="a3c", seed=3, rollout_length=7, learning_rate=linear((0, 1e-3), (0.5, 0))
    )
    save_run_config(tmp_path / "config.json", training, a3c_config)
    assert load_run_config(tmp_path / "config.json") == (training, a3c_config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_workers", 0),
        ("emulator_threads", 0),
        ("envs_per_worker", 0),
        ("rollout_length", -1),
        ("max_bad_gradients", 0),
        ("discount", 1.01),
        ("gae_lambda", -0.1),
        ("sticky_probability", NAN),
        ("reward_clip", 0.0),
        ("learning_rate", constant(-1e-4)),
        ("entropy_cost", linear((0, 0.01), (1, -0.01))),
        ("agent_steps", 0),
        ("sticky_share", 1.5),
        ("adam_epsilon", -1e-3),
        ("gradient_norm_clip", 0.0),
        ("checkpoint_seconds", 0.0),
        ("network", "transformer"),
        ("seed", -1),
        ("seed", 2**31),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: object):
    with pytest.raises(UserError, match=f"expected {name} .*, got {re.escape(str(value))}"):
        TrainingConfig("Pong", **{name: value})


def test_the_bounds_themselves_are_allowed():
    TrainingConfig("Pong", num_workers=1, discount=1.0, gae_lambda=0.0, sticky_probability=1.0, seed=2**31 - 1)


def test_a_config_cannot_be_changed_in_place(a3c_config: NetworkConfig):
    with pytest.raises(dataclasses.FrozenInstanceError):
        a3c_config.pixel_mean = 0.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "change", [{"kind": "dqn"}, {"action_names": ()}, {"pixel_std": 0.0}, {"pixel_std": NAN}], ids=str
)
def test_a_network_that_cannot_be_built_is_refused(a3c_config: NetworkConfig, change: dict[str, object]):
    with pytest.raises(UserError, match="expected"):
        dataclasses.replace(a3c_config, **change)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"training": {}}', '{"training": {"game": "Pong"}, "network": {}}'])
def test_a_file_that_is_no_configuration_is_one_clear_error(tmp_path: Path, text: str):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"expected a run's configuration in .*config\.json"):
        load_run_config(tmp_path / "config.json")


def test_a_missing_file_is_one_clear_error(tmp_path: Path):
    with pytest.raises(UserError, match=r"expected a run's configuration"):
        load_run_config(tmp_path / "config.json")


def test_a_failed_write_leaves_the_configuration_that_was_there(
    tmp_path: Path, a3c_config: NetworkConfig, file_size_limit
):
    path = tmp_path / "config.json"
    save_run_config(path, TrainingConfig("Pong", seed=1), a3c_config)
    with file_size_limit(16), pytest.raises((OSError, UserError), match="too large"):
        save_run_config(path, TrainingConfig("Pong", seed=2), a3c_config)
    assert load_run_config(path)[0].seed == 1
    assert [found.name for found in tmp_path.iterdir()] == ["config.json"]

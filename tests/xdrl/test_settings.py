import dataclasses

import pytest

from xdrl.config import TrainingConfig
from xdrl.errors import UserError
from xdrl.schedules import constant, linear
from xdrl.settings import FIELDS, parse_settings


def test_settings_become_what_the_configuration_takes():
    texts = ["learning_rate=0:1e-3,1:0", "entropy_cost = 0.02", "rollout_length=40", "agent_steps=3e6", "network=a3c"]
    found = parse_settings(texts)
    assert found == {
        "learning_rate": linear((0, 1e-3), (1, 0)),
        "entropy_cost": constant(0.02),
        "rollout_length": 40,
        "agent_steps": 3_000_000,
        "network": "a3c",
    }
    assert TrainingConfig("Pong", **found).rollout_length == 40


def test_every_field_but_the_game_can_be_set():
    assert set(FIELDS) == {field.name for field in dataclasses.fields(TrainingConfig)} - {"game"}
    plain = TrainingConfig("Pong")
    texts = [f"{name}={getattr(plain, name)}" for name in FIELDS]
    assert TrainingConfig("Pong", **parse_settings(texts)) == plain


def test_the_last_of_a_name_counts():
    assert parse_settings(["seed=1", "seed=2"]) == {"seed": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learnin_rate=3", "expected the name of a setting, got 'learnin_rate'; the nearest are learning_rate"),
        ("seed", "expected NAME=VALUE, got 'seed'"),
        ("seed=1.5", "expected a whole number for seed, got '1.5'"),
        ("discount=much", "expected a number for discount, got 'much'"),
        ("learning_rate=3e", "learning_rate: expected a number, or PROGRESS:VALUE"),
        ("game=Pong", "expected the name of a setting, got 'game'"),
    ],
)
def test_what_is_no_setting_is_one_clear_line(text: str, said: str):
    with pytest.raises(UserError) as failure:
        parse_settings([text])
    assert said in str(failure.value)

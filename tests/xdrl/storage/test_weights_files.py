import json
from pathlib import Path

import numpy as np
import pytest

from xdrl.config import NetworkConfig
from xdrl.errors import UserError
from xdrl.storage.weights_files import WeightsFile, read_weights_file, write_weights_file

WEIGHTS = {"core/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "value/bias": np.ones(1, np.float32)}


@pytest.fixture
def content(a3c_config: NetworkConfig) -> WeightsFile:
    return WeightsFile("Pong", a3c_config, 870_000, 3600.5, WEIGHTS)


@pytest.fixture
def path(tmp_path: Path, content: WeightsFile) -> Path:
    write_weights_file(tmp_path / "pong.npz", content)
    return tmp_path / "pong.npz"


def assert_same_arrays(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_was_written_is_read(path: Path, content: WeightsFile):
    found = read_weights_file(path)
    assert found._replace(weights={}) == content._replace(weights={})
    assert_same_arrays(found.weights, WEIGHTS)


def test_numpy_and_json_alone_read_it(path: Path, a3c_config: NetworkConfig):
    arrays = dict(np.load(path, allow_pickle=False))
    values = json.loads(str(arrays.pop("agent")))
    assert_same_arrays(arrays, WEIGHTS)
    assert (values["game"], values["agent_steps"], values["seconds"]) == ("Pong", 870_000, 3600.5)
    assert values["network"]["kind"] == "a3c"
    assert values["network"]["action_names"] == list(a3c_config.action_names)


def test_a_file_keeps_the_name_it_is_given(tmp_path: Path, content: WeightsFile):
    write_weights_file(tmp_path / "pong", content)
    assert [found.name for found in tmp_path.iterdir()] == ["pong"]
    assert read_weights_file(tmp_path / "pong").game == "Pong"


def a_single_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, WEIGHTS["value/bias"])


def without_description(path: Path) -> None:
    np.savez(path, **WEIGHTS)


def with_description(text: str):
    return lambda path: np.savez(path, agent=np.array(text), **WEIGHTS)


def with_a_pickle(path: Path) -> None:
    arrays = dict(np.load(path))
    np.savez(path, **arrays, extra=np.array([{}], dtype=object))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def with_a_byte_changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(WEIGHTS["core/kernel"].tobytes())
    content[place + 4] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_text("notes"), r"no \.npz"),
        (lambda path: path.write_bytes(b""), r"no \.npz"),
        (a_single_array, r"no \.npz"),
        (cut_short, r"no \.npz"),
        (with_a_byte_changed, "CRC"),
        (without_description, "without the description agent"),
        (with_description("{"), ""),
        (with_description("[]"), ""),
        (with_description('{"game": "Pong", "network": {}}'), ""),
        (with_a_pickle, "pickle"),
    ],
)
def test_a_file_of_another_kind_or_a_damaged_one_is_refused(path: Path, damage, reason: str):
    damage(path)
    with pytest.raises(UserError, match=rf"(?s)expected a weights file, .* in .*pong\.npz, but .*: .*{reason}"):
        read_weights_file(path)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="expected a weights file"):
        read_weights_file(tmp_path / "none.npz")


def test_a_failed_write_leaves_the_file_that_was_there(path: Path, content: WeightsFile, file_size_limit):
    with file_size_limit(16), pytest.raises(UserError, match="cannot be written"):
        write_weights_file(path, content._replace(game="Qbert"))
    assert read_weights_file(path).game == "Pong"
    assert [found.name for found in path.parent.iterdir()] == ["pong.npz"]

"""Files of strangers: what cannot be read is one line that says what was found, and nothing in them is run."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.imports import read_foreign_agent
from xdrl.imports.torch_files import read_torch_file

FIXTURES = Path(__file__).with_name("fixtures")
BREAKOUT = ("NOOP", "FIRE", "RIGHT", "LEFT")
EXECUTED: list[str] = []


class Hostile:
    """An object whose pickle runs a function when it is opened."""

    def __reduce__(self) -> Any:
        return EXECUTED.append, ("run",)


def state_file(pickled: bytes, members: dict[str, bytes] | None = None) -> bytes:
    """Builds what torch.save writes around a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, content in (members or {}).items():
            archive.writestr(f"archive/data/{key}", content)
    return buffer.getvalue()


def one_tensor(size: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """Writes, opcode by opcode, a dictionary of one tensor in a storage of `size` floats."""

    def number(value: int) -> bytes:
        return b"\x8a\x08" + struct.pack("<q", value)

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(size) + b"tQ"
    axes = b"".join(b"(" + b"".join(map(number, part)) + b"t" for part in (shape, strides))
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + axes + b"\x89" + b"NtR"
    return b"\x80\x02}" + text("weight") + call + b"s."


def rewritten(name: str, change: Callable[[str, bytes], bytes], path: Path) -> Path:
    """Writes a fixture whose members are changed."""
    with zipfile.ZipFile(FIXTURES / name) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.namelist():
            after.writestr(member, change(member, before.read(member)))
    return path


def test_a_tensor_is_read_as_it_lies():
    numbers = np.arange(6, dtype="<f4")
    found = read_torch_file(state_file(one_tensor(6, (2, 2), (1, 2), 1), {"0": numbers.tobytes()}), "file")
    np.testing.assert_array_equal(found["weight"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "message"),
    [
        ((7,), (1,), 0, "shape \\[7\\] in 6 numbers"),
        ((6,), (1,), 1, "in 6 numbers"),
        ((1 << 40, 1 << 40), (0, 0), 0, "in 6 numbers"),
        ((2,), (-1,), 3, "strides \\[-1\\]"),
        ((1,) * 9, (1,) * 9, 0, "9 axes"),
        ((2, 2), (1,), 0, "2 axes and 1 strides"),
    ],
)
def test_a_tensor_beyond_its_bytes_is_refused(shape: tuple, strides: tuple, offset: int, message: str):
    content = state_file(one_tensor(6, shape, strides, offset), {"0": bytes(24)})
    with pytest.raises(UserError, match=message):
        read_torch_file(content, "file")


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_a_hostile_pickle_is_refused_and_not_run(protocol: int):
    with pytest.raises(UserError, match=r"expected a dictionary of tensors .* got a pickle (that would call|with)"):
        read_torch_file(state_file(pickle.dumps({"weight": Hostile()}, protocol)), "file")
    assert EXECUTED == []


@pytest.mark.parametrize(
    "pickled",
    [
        b"", b".", b"\x80\x02", b"\x80\x02}q\xff", b"garbage", b"\x80\x02(t(tR.", b"\x80\x02h\x07.", b"\x80\x02Nb.",
        b"\x80\x02]r\xff\xff\xff\x7f.", b"\x80\x02ccollections\nOrderedDict\n}R.", b"\x80\x02cos\nsystem\n.",
        b"\x80\x02X\xff\xff\xff\x7fa.", b"I1\n.", b"\x80\x02\x8a\xff.", b"(lp0\n.", b"\x80\x02NQ.",
    ],
)  # fmt: skip
def test_a_damaged_pickle_is_one_line(pickled: bytes):
    with pytest.raises(UserError, match=r"^expected [^\n]*$"):
        read_torch_file(state_file(pickled), "file")


def test_a_member_that_unpacks_to_more_is_refused():
    bomb = state_file(one_tensor(6, (6,), (1,)), {"0": bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(UserError, match="expected at most 24 bytes of archive/data/0, got more"):
        read_torch_file(bomb, "file")


def test_tensors_of_many_bytes_in_all_are_refused():
    with pytest.raises(UserError, match="more than 512 MiB of tensors"):
        read_torch_file(state_file(one_tensor(1 << 40, (1,), (1,)), {"0": b""}), "file")


def test_a_zip_of_hostile_pickles_is_read_without_opening_them(tmp_path: Path):
    """Some values of the JSON are pickles, and other members, too."""

    def change(member: str, content: bytes) -> bytes:
        if member == "pytorch_variables.pth":
            return pickle.dumps(Hostile())
        if member != "data":
            return content
        data = json.loads(content)
        return json.dumps({name: {":serialized:": "gASVAAAA"} for name in data} | {"n_epochs": 1}).encode()

    found = read_foreign_agent(rewritten("ppo.zip", change, tmp_path / "agent.zip"), BREAKOUT, "Breakout")
    assert (found.config.kind, found.agent_steps) == ("stable-baselines3 PPO", 0)
    assert EXECUTED == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["ppo.zip", "cleanrl-ppo.pth"])
def test_a_truncated_file_is_one_line(name: str, share: float, tmp_path: Path):
    content = (FIXTURES / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=r"^expected [^\n]*$"):
        read_foreign_agent(path, BREAKOUT, "Breakout")


def test_a_file_with_bits_turned_is_one_line_or_an_agent(tmp_path: Path):
    content, generator = (FIXTURES / "ppo.zip").read_bytes(), np.random.default_rng(0)
    path = tmp_path / "agent.zip"
    for _ in range(20):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 20):
            damaged[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            read_foreign_agent(path, BREAKOUT, "Breakout")
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (pickle.dumps({"a": 1}), "a bare pickle, which could run any code"),
        (b"hello", "no zip archive"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, message: str, tmp_path: Path):
    path = tmp_path / "agent.zip"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"expected a zip of Stable-Baselines3, .* got {message}"):
        read_foreign_agent(path, BREAKOUT, "Breakout")


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"expected an agent's file in .*, got No such file"):
        read_foreign_agent(tmp_path / "agent.zip", BREAKOUT, "Breakout")


def test_an_agent_of_another_game_is_named():
    with pytest.raises(UserError, match=r"expected action_net.weight of shape \[2, 16\], the actions of Pong, got \[4"):
        read_foreign_agent(FIXTURES / "ppo.zip", BREAKOUT[:2], "Pong")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["mlp_extractor.policy_net.0.weight", "action_net.weight", "value_net.weight"], "got an MlpPolicy"),
        (["actor.mu.weight", "critic.qf0.0.weight"], "got one with actor, critic"),
        ([], "got one with no tensors"),
    ],
)
def test_an_agent_with_another_network_is_named(names: list[str], message: str, tmp_path: Path):
    def change(member: str, content: bytes) -> bytes:
        if member != "policy.pth":
            return content
        parts = [one_tensor(6, (6,), (1,)).replace(b"X\x06\x00\x00\x00weight", _text(name))[3:-1] for name in names]
        return state_file(b"\x80\x02}" + b"".join(parts) + b".", {"0": bytes(24)})

    path = rewritten("ppo.zip", change, tmp_path / "agent.zip")
    with pytest.raises(UserError, match=message):
        read_foreign_agent(path, BREAKOUT, "Breakout")


@pytest.mark.parametrize(
    ("high", "factor"), [("[[[255 255 255 ...", 255), ("[[[1. 1. 1. ...", 1), ("[[[2. 2.", 0), (None, 0)]
)
def test_pixels_that_the_policy_does_not_divide_are_as_bright_as_the_space_says(high: Any, factor: int, tmp_path: Path):
    def change(member: str, content: bytes) -> bytes:
        if member != "data":
            return content
        data = json.loads(content)
        data["policy_kwargs"] |= {"normalize_images": False}
        data["observation_space"] |= {"high": high}
        return json.dumps(data).encode()

    path = rewritten("ppo.zip", change, tmp_path / "agent.zip")
    if not factor:
        with pytest.raises(
            UserError, match=r"expected pixels up to 1 or 255 in agent\.zip, whose agent has normalize_ima"
        ):
            read_foreign_agent(path, BREAKOUT, "Breakout")
        return
    divided = read_foreign_agent(FIXTURES / "ppo.zip", BREAKOUT, "Breakout").weights["convolution_1/kernel"]
    found = read_foreign_agent(path, BREAKOUT, "Breakout").weights["convolution_1/kernel"]
    np.testing.assert_allclose(found, factor * divided)


def test_a_description_that_unpacks_to_more_is_refused(tmp_path: Path):
    bomb = rewritten(
        "ppo.zip", lambda name, content: bytes(65 << 20) if name == "data" else content, tmp_path / "a.zip"
    )
    assert bomb.stat().st_size < 400_000
    with pytest.raises(UserError, match="expected at most 67,108,864 bytes of data, got more"):
        read_foreign_agent(bomb, BREAKOUT, "Breakout")


def test_convolutions_of_another_shape_are_named(tmp_path: Path):
    layers = {f"convolution_{3 - index}": f"network.{2 * index}" for index in range(3)}
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(layers | {"hidden": "network.7", "policy": "actor", "value": "critic"}))
    with pytest.raises(UserError, match=r"expected network.4.weight of shape \[32, any, 8, 8\], got \[64, 64, 3, 3\]"):
        read_foreign_agent(FIXTURES / "cleanrl-ppo.pth", BREAKOUT, "Breakout", path)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path):
    content = (FIXTURES / "cleanrl-ppo.pth").read_bytes()
    path, buffer = tmp_path / "agent.pth", io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for member in before.namelist():
            is_bias = member.endswith("/data/1")
            after.writestr(member, b"\x00\x00\xc0\x7f" * 32 if is_bias else before.read(member))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="expected finite weights, got NaN or infinity in convolution_1/bias"):
        read_foreign_agent(path, BREAKOUT, "Breakout")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("{", "expected a JSON object"),
        ("[]", "expected a JSON object in .*, got a list"),
        ('{"conv": "a"}', "got 'conv'"),
        ('{"hidden": 3}', "expected a text for hidden"),
        ('{"policy": "actor", "value": "critic"}', "expected to be told which tensors are the layer convolution_1"),
        ('{"head": "none"}', "expected head to be one of"),
        ('{"greedy": 1}', "expected true or false for greedy in .*, got 1"),
        ('{"epsilon": true}', "expected a number for epsilon in .*, got True"),
        ('{"head": "atoms", "support": [0]}', "expected support to be"),
    ],
)
def test_a_mapping_that_is_none_is_named(mapping: str, message: str, tmp_path: Path):
    path = tmp_path / "mapping.json"
    path.write_text(mapping)
    with pytest.raises(UserError, match=message):
        read_foreign_agent(FIXTURES / "cleanrl-ppo.pth", BREAKOUT, "Breakout", path)


def test_a_mapping_names_the_layers_of_a_plain_state_dict(tmp_path: Path):
    layers = {f"convolution_{index + 1}": f"network.{2 * index}" for index in range(3)}
    layers |= {"hidden": "network.7", "policy": "actor", "value": "critic", "padding": "first screen"}
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(layers | {"gray_first": False}))
    known = read_foreign_agent(FIXTURES / "cleanrl-ppo.pth", BREAKOUT, "Breakout")
    mapped = read_foreign_agent(FIXTURES / "cleanrl-ppo.pth", BREAKOUT, "Breakout", path)
    assert mapped.config.padding == known.config.padding
    for name, array in known.weights.items():
        np.testing.assert_array_equal(mapped.weights[name], array)


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()

"""The examples do what they say, as a person runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.client import AgentClient
from xdrl.environments import VectorEnvironment
from xdrl.games import find_game

ROOT = Path(__file__).parents[2]
STEPS = 5


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHON": sys.executable, "COLUMNS": "120"}
    command = [str(argument) for argument in arguments]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def expected(shipped_url) -> list[str]:
    """The actions that the most probable ones lead to."""
    environment, names = VectorEnvironment(find_game("Pong"), 1), []
    screens = environment.reset(0)
    with AgentClient(shipped_url, "Pong") as client:
        player = client.play(sample=False)
        for _ in range(STEPS):
            answer = player.step(screens[0])
            names.append(answer.action_name)
            screens = environment.step(np.array([answer.action])).screens
    environment.close()
    return names


def test_a_game_is_played_in_python(shipped_url, expected):
    done = run(
        *(sys.executable, ROOT / "examples/play_over_rest.py", "pong"),
        *("--url", shipped_url, "--steps", STEPS, "--greedy"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(rf"Pong: score 0 after {STEPS} steps, \d+ a second", done.stdout)
    for name in set(expected):
        assert re.search(rf"{name} .* {expected.count(name)} ", done.stdout)


def test_a_game_is_played_with_curl(shipped_url, expected):
    done = run(ROOT / "examples/play_over_rest.sh", "Pong", STEPS, shipped_url)
    assert (done.returncode, done.stderr) == (0, "")
    found = re.findall(r"^(\d+): (\w+), value -?[\d.]+, score 0$", done.stdout, re.MULTILINE)
    assert found == [(str(number), name) for number, name in enumerate(expected, 1)]


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, ROOT / "examples/play_over_rest.py", "Pong", "--url"),
        (ROOT / "examples/play_over_rest.sh", "Pong", 3),
    ],
)
def test_a_server_that_is_not_there_is_one_line(command):
    done = run(*command, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and "127.0.0.1" in done.stderr


def test_a_game_that_does_not_exist_is_one_line(shipped_url):
    done = run(sys.executable, ROOT / "examples/play_over_rest.py", "Pnog", "--url", shipped_url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "Pong" in done.stderr
    done = run(ROOT / "examples/play_over_rest.sh", "Pnog", 3, shipped_url)
    assert done.returncode == 1 and "Servable not found for request: Latest(Pnog)" in done.stderr

"""What needs no network is answered at once: help, versions, lists, and what was mistyped."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "matplotlib")
RUN = """
import sys
try:
    from xdrl.__main__ import main
    main()
finally:
    print(*({heavy} & set(sys.modules)), file=sys.__stdout__)
"""
SAY = """
import contextlib, io, json, sys
from xdrl.__main__ import main

for line in sys.stdin:
    sys.argv[1:], output, errors, code = line.split(), io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as end:
            code = end.code
    heavy = sorted({heavy} & set(sys.modules))
    print(json.dumps([code or 0, output.getvalue(), errors.getvalue(), heavy]), flush=True)
"""
COMPLETE = {"_XDRL_COMPLETE": "complete_bash"}


class Said(NamedTuple):
    """What a command said: its exit code, its output, its errors, and what it imported of what takes long."""

    code: int
    output: str
    errors: str
    heavy: list[str]


def start_python(folder: Path, code: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """Runs commands as the package's, from any folder."""
    code = "import sys; sys.argv[0] = 'xdrl'\n" + code.replace("{heavy}", repr(set(HEAVY)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=folder, env=environment, text=True, **streams)


def run(folder: Path, *arguments: str, **environment: str) -> str:
    """Returns the output of a command that has a process of its own; the last line names what it imported."""
    output, errors = start_python(folder, RUN, *arguments, **environment).communicate(timeout=60)
    assert errors == ""
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the commands are given."""
    return tmp_path_factory.mktemp("anywhere")


@pytest.fixture(scope="module")
def say(folder) -> Iterator[Callable[[str], Said]]:
    """Gives a command, after others in one process: what one of them imports is there for the rest."""
    process = start_python(folder, SAY)

    def say(line: str) -> Said:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return Said(*json.loads(process.stdout.readline()))

    yield say
    assert process.communicate(timeout=60) == ("", "")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("--help", "Usage: xdrl [OPTIONS] COMMAND"),
        ("-h", "Usage: xdrl [OPTIONS] COMMAND"),
        ("explain -h", "Usage: xdrl explain [OPTIONS] [GAME]"),
        ("methods", "Selvaraju et al. 2017"),
        ("games", "Qbert"),
        ("recipe ALE/Breakout-v5", "Breakout: what `train Breakout` does"),
        ("recipe BreakoutNoFrameskip-v4 --json", '"learning_rate"'),
    ],
)
def test_what_needs_no_network_does_not_wait_for_it(say, line, answer):
    said = say(line)
    assert (said.code, said.errors, said.heavy) == (0, "", [])
    assert answer in said.output


def test_the_version_is_the_packages(tmp_path):
    import xdrl

    assert run(tmp_path, "--version") == f"xdrl {xdrl.__version__}\n\n"


@pytest.mark.parametrize(
    ("line", "code", "answer"),
    [
        ("sing", 2, "No such command 'sing'"),
        ("train --fo", 2, "No such option"),
        ("train Pong --agent-steps few", 2, "valid integer"),
        *(
            (f"{command} Pongg", 1, "got 'Pongg'; the nearest are Pong")
            for command in ("train", "evaluate", "explain", "watch", "trust", "export", "recipe")
        ),
        ("benchmark --explain --game Pongg", 1, "got 'Pongg'; the nearest are Pong"),
        ("benchmark --serve --game Pongg", 1, "got 'Pongg'; the nearest are Pong"),
        ("explain Pong --method tea", 1, "expected a method of grad-cam, "),
        ("explain Pong --method grad-cam,tea", 1, "expected a method of grad-cam, "),
        ("explain Pong --target all", 1, "expected a target of chosen, value"),
        ("explain Pong --target action:JUMP", 1, "expected an action of NOOP, FIRE, RIGHT"),
        ("explain Pong --method sarfa --target value", 1, "sarfa: expected a target that is about an action"),
        ("explain Pong --replay 8", 1, "expected --replay with --method objects, got grad-cam"),
        ("trust Pong --methods grad-cam,tea", 1, "expected a method of grad-cam, "),
        ("trust Pong --methods all --compare nowhere", 1, "expected one method to compare two agents with, got "),
        ("explain Pong --method best:tea", 1, "expected best, best:policy, best:action, got 'best:tea'"),
        ("explain Pong --method best --target value", 1, "expected the target chosen, "),
        ("trust Pong --compare nowhere", 1, "in nowhere, got no such folder"),
        *(
            (
                f"{command} Pong --protocol best",
                1,
                "paper, sb3, sb3-v5, got 'best'",
            )
            for command in ("evaluate", "watch")
        ),
        ("table --protocol best", 1, "paper, sb3, sb3-v5, got 'best'"),
        *(
            (f"{command} --agent nowhere", 1, "in nowhere, got no such folder")
            for command in ("evaluate", "explain", "watch", "trust")
        ),
        *((f"{command} nowhere", 1, "in nowhere, got no such folder") for command in ("table", "figures")),
        ("export Pong", 1, "runs/Pong, got no such folder"),
        ("train Pong --backend torch", 1, "expected a backend of tensorflow, jax, got 'torch'"),
    ],
)
def test_what_was_mistyped_is_answered_before_a_network_is_loaded(folder, say, line, code, answer):
    said = say(line)
    assert (said.code, said.output, said.heavy) == (code, "", []) and answer in said.errors
    assert said.errors.count("\n") == 1 or code == 2
    assert not list(folder.iterdir())


def test_a_shell_completes_commands_and_games(tmp_path):
    for words, number, expected in (("xdrl ex", "1", ["explain", "export"]), ("xdrl train Qb", "2", ["Qbert"])):
        assert run(tmp_path, COMP_WORDS=words, COMP_CWORD=number, **COMPLETE).split() == expected
    # Which shell it is, typer would ask the processes above, where there may be none.
    assert "_XDRL_COMPLETE" in run(
        tmp_path, "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )


def test_a_script_names_itself_and_offers_no_completion():
    command = [sys.executable, str(ROOT / "cli.py"), "--show-completion"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2 and said.stderr.startswith("Usage: python cli.py [OPTIONS] COMMAND")


def test_a_notebooks_backend_of_matplotlib_that_is_not_installed_does_not_matter():
    code = "from xdrl.__main__ import main\ntry:\n    main()\nfinally:\n    import matplotlib  # as Keras does\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "not-installed"}
    command = [sys.executable, "-c", code, "games"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")

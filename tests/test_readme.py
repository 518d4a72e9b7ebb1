"""What the README says can be done: its commands parse, its links lead somewhere, its modules exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from xdrl.commands.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:python cli\.py|\./run) ([^#\n]+)", README, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one_that_the_command_line_takes(line: str) -> None:
    name, *arguments = shlex.split(line.rstrip("& "))
    if name == "test":
        assert '"${1:-}" = test' in (ROOT / "run").read_text()
        return
    command = typer.main.get_command(app).commands[name]
    assert command.make_context(name, arguments).command is command


def test_every_command_is_in_the_readme() -> None:
    assert {line.split()[0] for line in COMMANDS} >= set(typer.main.get_command(app).commands)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_of_the_readme_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).is_file()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:xdrl|serving)/[\w/]+(?:\.py|/))`", README))))
def test_a_part_that_the_readme_names_exists(path: str) -> None:
    assert (ROOT / path).exists()

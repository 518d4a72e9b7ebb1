"""What README and the documentation say can be done: commands parse, links lead somewhere, modules exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from xdrl.commands.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(ROOT.glob("docs/**/*.md"))}
COMMAND = re.compile(r"^(?:python cli\.py|\./run) ([^#\n]+)", re.MULTILINE)
COMMANDS = sorted({line.strip() for text in (README, *PAGES.values()) for line in COMMAND.findall(text)})
ONLY_RUN = ("test", "docs")
"""What `./run` takes and the command line does not."""
REPORT = "<!doctype html><title>A game of Pong</title>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as a site, with one report: a link, a heading, a docstring that is wrong ends the build."""
    folder, gallery = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("gallery")
    (gallery / "Pong").mkdir()
    (gallery / "Pong" / "report.html").write_text(REPORT, "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    environment = os.environ | {"XDRL_GALLERY": str(gallery)}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_is_written_down_is_one_that_the_command_line_takes(line: str) -> None:
    name, *arguments = shlex.split(line.rstrip("& "))
    if name in ONLY_RUN:
        assert f'"${{1:-}}" = {name}' in (ROOT / "run").read_text("utf-8")
        return
    command = typer.main.get_command(app).commands[name]
    assert command.make_context(name, arguments).command is command


def test_the_two_commands_are_in_the_readme() -> None:
    assert "./run train Qbert" in README
    assert "./run test" in README


def test_the_readme_is_read_in_a_minute() -> None:
    assert README.count("\n") <= 110


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README))))
def test_a_link_of_the_readme_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).is_file()


def test_every_command_is_listed_once_with_an_example() -> None:
    listed = {line.split()[0] for line in COMMAND.findall(PAGES["docs/commands/index.md"])}
    assert listed == set(typer.main.get_command(app).commands)


def test_the_site_has_a_page_with_every_option_of_every_command(site: Path) -> None:
    for name, command in typer.main.get_command(app).commands.items():
        page = (site / "commands" / f"{name}.html").read_text("utf-8")
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if f"<code>{option}" not in page.replace("-h, ", "")] == []


def test_the_gallery_shows_the_reports_as_they_are(site: Path) -> None:
    assert '<iframe class="report" src="gallery/Pong.html"' in (site / "gallery.html").read_text("utf-8")
    assert (site / "gallery" / "Pong.html").read_text("utf-8") == REPORT


def test_the_site_needs_no_network(site: Path) -> None:
    pages = [path.read_text("utf-8") for path in site.glob("**/*.html")]
    assert len(pages) > 30
    assert not [page for page in pages if re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)', page)]


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:xdrl|serving)/[\w/]+(?:\.py|/))`", PAGES["docs/architecture.md"])))
)
def test_a_part_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()

"""The wheel in a fresh environment, an empty home and another folder: it plays, explains, serves and is queried."""

import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
building = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "building.py")))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
AGENTS = "from xdrl.storage.saved_models import shipped_folder; print(shipped_folder())"
PLAY = """
import numpy, xdrl
agent = xdrl.find_agent("ALE/Pong-v5")
screens = numpy.zeros((1, 210, 160, 3), numpy.uint8)
print(agent.game.name, agent.act(screens).actions.shape, agent.explain(screens).maps.shape)
"""


class Environment:
    """A virtual environment whose user has nothing, in a folder that is empty."""

    def __init__(self, folder: Path) -> None:
        """Makes it."""
        self.home, self.bin = folder / "home", folder / "venv" / "bin"
        self.home.mkdir()
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        # What pip has downloaded before need not come again.
        self._cache = {"PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))}

    def start(self, program: str, *arguments: object) -> "subprocess.Popen[str]":
        """Starts one of its programs in the home."""
        environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        environment |= {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin", "COLUMNS": "200", **self._cache}
        command = [str(self.bin / program), *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.home, env=environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, program: str, *arguments: object) -> str:
        """Runs one of its programs, which must end well, and returns what it said."""
        process = self.start(program, *arguments)
        output, errors = process.communicate(timeout=1800)
        assert process.returncode == 0, errors
        return output


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist and the wheels, agents and all."""
    return building.build_all(tmp_path_factory.mktemp("built"), has_weights=True)


@pytest.fixture(scope="module")
def environment(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and all that it runs on."""
    made = Environment(tmp_path_factory.mktemp("environment"))
    made.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", built["wheel"])
    return made


@pytest.fixture(scope="module")
def server(environment: Environment) -> Iterator[str]:
    """The address of the shipped agents' server."""
    process = environment.start("xdrl", "serve", "--port", 0, "--grpc-port", 0)
    # The first lines say which agents are served.
    yield next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stdout)))[0]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_the_command_knows_its_version_and_its_agents(environment):
    assert environment.run("xdrl", "--version").startswith("xdrl ")
    said = environment.run("xdrl", "games")
    assert re.search(r"Pong .*version \d+", said) and re.search(r"Qbert .*version \d+", said)


def test_it_plays(environment):
    assert "mean" in environment.run("xdrl", "evaluate", "Qbert", "--episodes", 1)


def test_it_explains_and_says_how_it_was_called(environment):
    environment.run("xdrl", "explain", "QbertNoFrameskip-v4", "--steps", 20)
    folder = environment.home / "explanations" / "Qbert"
    assert {path.name for path in folder.iterdir()} >= {"report.html", "video.mp4", "clip.gif", "explanation.json"}
    assert "xdrl explain QbertNoFrameskip-v4 --steps 20" in (folder / "report.html").read_text("utf-8")


def test_it_is_used_from_python(environment):
    assert environment.run("python", "-c", PLAY).strip() == "Pong (1,) (1, 10, 10)"


def test_its_server_is_queried(environment, server):
    screenshot = next(ROOT.glob("saved_models/Pong/*/assets.extra/sample.png"))
    said = environment.run("xdrl", "query", screenshot, "--game", "Pong", "--url", server, "--overlay", "heat.png")
    assert "heatmap of" in said and (environment.home / "heat.png").read_bytes().startswith(b"\x89PNG")


def test_the_sdist_takes_the_wheels_place(environment, built):
    pip = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--force-reinstall")
    environment.run("python", *pip, built["sdist"])
    assert re.search(r"Pong .*version \d+", environment.run("xdrl", "games"))
    assert environment.run("python", "-m", "xdrl", "--version").startswith("xdrl ")

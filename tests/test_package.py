"""What `pip install .` installs: every file that the code reads, what it runs on, and the command."""

import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
building = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "building.py")))
CLIENT = """
import sys
from importlib.util import find_spec
import numpy
from serving.client import AgentClient
from serving.errors import ServerUnavailableError
from serving.transport import Patience
assert not [name for name in ("tensorflow", "keras", "typer", "PIL", "ale_py") if find_spec(name)]
screen = numpy.zeros((210, 160, 3), numpy.uint8)
try:
    AgentClient("http://127.0.0.1:9", "Pong", patience=Patience(attempts=1)).act(screen)
except ServerUnavailableError as error:
    print(error)
"""


def requirements(name: str) -> set[str]:
    """The lines of a requirements file without blanks, comments and references to other files."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {normal(line) for line in lines if line and not line.startswith(("#", "-"))}


def normal(requirement: str) -> str:
    """Returns a requirement with its bounds in order."""
    name, bounds = re.fullmatch(r"([\w\[\]-]+)(.*)", requirement.replace(" ", "")).groups()
    return name + ",".join(sorted(bounds.split(",")))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist and the wheels."""
    return building.build_all(tmp_path_factory.mktemp("built"), has_weights=False)


@pytest.fixture(scope="module")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files and with numpy, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(built["wheel"]) as archive:
        archive.extractall(folder)
    for path in Path(np.__file__).parents[1].glob("numpy*"):
        (folder / path.name).symlink_to(path)
    return folder


def run_alone(*arguments: object, path: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs Python without the packages that are installed here."""
    environment = {"PYTHONPATH": str(path)} if path else {}
    command = [sys.executable, "-S", *map(str, arguments)]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("kind", ["wheel", "wheel from sdist"])
def test_a_wheel_has_the_files_of_the_code_and_the_shipped_agents_and_no_others(built, kind):
    expected = {name for name in building.list_files() if name.startswith(("xdrl/", "serving/"))}
    expected |= {f"xdrl/{name}" for name in building.list_files() if name.startswith("saved_models/")}
    with zipfile.ZipFile(built[kind]) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_a_package_runs_on_what_the_requirements_files_name(built):
    with zipfile.ZipFile(built["wheel"]) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    found: dict[str, set[str]] = {"": set()}
    for line in re.findall(r"^Requires-Dist: (.+)$", metadata, re.MULTILINE):
        requirement, _, condition = line.partition(";")
        extra = re.search(r'extra == "(\w+)"', condition)
        found.setdefault(extra[1] if extra else "", set()).add(normal(requirement))
    jax = requirements("requirements-jax.txt")
    assert found == {
        "": requirements("requirements.txt"),
        "jax": jax,
        "ray": requirements("requirements-ray.txt"),
        "dev": jax | requirements("requirements-docs.txt") | requirements("requirements-tests.txt"),
    }
    assert len(found[""]) > 15


def test_the_client_of_a_package_that_came_without_its_dependencies_runs_on_numpy(installed):
    said = run_alone("-c", CLIENT, path=installed)
    assert (said.returncode, said.stderr) == (0, "")
    assert "expected a model server at http://127.0.0.1:9" in said.stdout


def test_the_client_needs_what_its_requirements_file_names():
    assert requirements("requirements-client.txt") <= requirements("requirements.txt")
    imports = set()
    for name in ("client", "transport", "answers", "screens", "errors"):
        text = (ROOT / "serving" / f"{name}.py").read_text("utf-8")
        imports |= set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    others = imports - set(sys.stdlib_module_names) - {"serving"}
    assert others == {re.match(r"\w+", line)[0] for line in requirements("requirements-client.txt")}


def test_a_command_without_its_requirements_says_in_one_line_what_to_do(installed):
    in_clone, in_package = run_alone(ROOT / "cli.py", "games"), run_alone("-m", "xdrl", "games", path=installed)
    for said in (in_clone, in_package):
        assert (said.returncode, said.stdout, said.stderr.count("\n")) == (1, "", 1)
        assert "is not installed; get all that xdrl needs: " in said.stderr
    assert f"-m pip install -r {ROOT / 'requirements.txt'}, or use ./run" in in_clone.stderr
    assert in_package.stderr.endswith("install the package again, without --no-deps\n")

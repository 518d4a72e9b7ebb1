"""The notebook of the examples: it is kept with what it showed, and runs from top to bottom."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "examples" / "tour.ipynb"
MOST_BYTES = 1_500_000


@pytest.fixture(scope="module")
def cells() -> list[dict]:
    """The cells that are code, as they are kept."""
    return [cell for cell in json.loads(TOUR.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def outputs(cells: list[dict]) -> list[dict]:
    return [output for cell in cells for output in cell["outputs"]]


def test_it_is_kept_with_what_it_showed_and_small(cells: list[dict]) -> None:
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    shown = "".join("".join(output["data"].get("text/html", "")) for output in outputs(cells) if "data" in output)
    for part in ("data:image/gif", "<iframe srcdoc=", "<video ", "Agent of Qbert", "rather than LEFT", "Decision on"):
        assert part in shown
    assert TOUR.stat().st_size < MOST_BYTES


def test_nothing_went_wrong_and_nothing_was_noisy(cells: list[dict]) -> None:
    assert {output["output_type"] for output in outputs(cells)} == {"execute_result", "stream"}
    assert {output.get("name", "stdout") for output in outputs(cells)} == {"stdout"}
    texts = ["".join(output.get("text") or output["data"]["text/plain"]) for output in outputs(cells)]
    assert not [text for text in texts if re.search(r"(?<!\w)/\w+/\w", text)], "a path of somebody's machine"


def test_its_code_compiles_and_imports_what_there_is(cells: list[dict]) -> None:
    code = "\n".join("".join(cell["source"]) for cell in cells)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith(("xdrl", "serving")):
            assert ROOT.joinpath(*node.module.split(".")).with_suffix(".py").is_file()
    for name in ("xdrl.play", "game.report", "game.explain", "examine", "AgentClient"):
        assert f"{name}(" in code


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_runs_from_top_to_bottom(cells: list[dict]) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(TOUR, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    found = outputs([cell for cell in notebook.cells if cell["cell_type"] == "code"])
    assert [output["output_type"] for output in found] == [output["output_type"] for output in outputs(cells)]
    assert "claims about the heatmap hold" in str(found)
    assert found[-1]["data"]["text/plain"] == "0"

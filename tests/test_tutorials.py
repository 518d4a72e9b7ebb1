"""The Python of the tutorials runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["explain.md", "keras-model.md", "notebook.md"])
def test_a_tutorial_runs_from_top_to_bottom(name: str) -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", (TUTORIALS / name).read_text("utf-8"), re.M | re.S))
    assert "xdrl." in code
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stderr

"""Shows the `Example:` of a docstring as code in the API reference."""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^Example:\n((?:[ ]{4}.*\n?|\n)+)", re.MULTILINE)


class FencedExamples(griffe.Extension):
    """Puts what stands under `Example:` between fences."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Changes the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(_fence, obj.docstring.value)


def _fence(found: "re.Match[str]") -> str:
    code = "\n".join(line.removeprefix("    ") for line in found[1].rstrip().splitlines())
    return f"```python\n{code}\n```\n"

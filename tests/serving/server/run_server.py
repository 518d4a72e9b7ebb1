"""Runs a server for the tests in a process of its own: SETTINGS LIMITS, as JSON; writes one line of JSON when ready."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from serving.server import Batching, Limits, ServerError, ServerSummary, Settings, serve


def announce(summary: ServerSummary) -> None:
    """Writes what is served to the process that waits for it."""
    sys.stdout.write(json.dumps({**dataclasses.asdict(summary), "url": summary.url}) + "\n")
    sys.stdout.flush()


def say_answered() -> None:
    """Writes that every request is answered, where a process may end."""
    sys.stdout.write("answered\n")
    sys.stdout.flush()


def read_settings(text: str) -> Settings:
    """Returns the settings, where the fields that are folders and files come as text, and batching as an object."""
    fields: dict[str, Any] = json.loads(text)
    if fields.get("batching") is not None:
        fields["batching"] = Batching(**fields["batching"])
    kinds = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
    return Settings(
        **{name: Path(value) if value and "Path" in kinds[name] else value for name, value in fields.items()}
    )


if __name__ == "__main__":
    try:
        serve(read_settings(sys.argv[1]), Limits(**json.loads(sys.argv[2])), announce, say_answered)
    except ServerError as error:
        sys.exit(f"ServerError: {error}")
    sys.stdout.write("stopped\n")

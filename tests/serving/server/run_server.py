"""Runs a server for the tests in a process of its own: MODELS PORT LIMITS; writes one line of JSON when ready."""

import dataclasses
import json
import sys
from pathlib import Path

from serving.server import Limits, ModelSummary, ServerError, serve


def announce(summaries: list[ModelSummary]) -> None:
    """Writes what is served to the process that waits for it."""
    line = json.dumps([{**dataclasses.asdict(summary), "url": summary.url} for summary in summaries])
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), port=int(sys.argv[2]), limits=Limits(**json.loads(sys.argv[3])), on_ready=announce)
    except ServerError as error:
        sys.exit(f"ServerError: {error}")
    sys.stdout.write("stopped\n")

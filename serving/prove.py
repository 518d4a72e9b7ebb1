"""Proves an export: loaded as TensorFlow Serving loads it, it answers as the live network answered.

Run as a process of its own, with nothing of the project imported: `python prove.py VERSION SAMPLES.npz`. Exits 1 and
says in its last line what differs.
"""

import os
import sys
from collections import defaultdict

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

TOLERANCE = 1e-4
"""Largest difference of an output: the session fuses operations that the live network runs one by one."""


def prove(version: str, samples: str) -> None:
    """Compares every sample's outputs with what the export answers.

    Args:
        version: folder of the SavedModel.
        samples: an .npz of arrays named `batch/signature/in|out/name`.

    Raises:
        SystemExit: an output is missing or differs.
    """
    cases: dict[tuple[str, str], dict[str, dict[str, np.ndarray]]] = defaultdict(lambda: {"in": {}, "out": {}})
    for key, array in np.load(samples).items():
        batch, signature, direction, name = key.split("/")
        cases[batch, signature][direction][name] = array.astype(object) if array.dtype.kind == "S" else array
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        definitions = tf.compat.v1.saved_model.load(session, ["serve"], version).signature_def
        for (batch, signature), case in cases.items():
            definition = definitions[signature]
            feeds = {definition.inputs[name].name: array for name, array in case["in"].items()}
            fetches = {name: definition.outputs[name].name for name in case["out"]}
            answers = session.run(fetches, feeds)
            for name, expected in case["out"].items():
                _compare(f"{signature} {name} at batch size {batch}", answers[name], expected)


def _compare(what: str, answer: np.ndarray, expected: np.ndarray) -> None:
    if answer.shape != expected.shape:
        sys.exit(f"{what}: expected the shape {list(expected.shape)}, got {list(answer.shape)}")
    difference = float(np.abs(answer - expected).max())
    if not difference <= TOLERANCE:
        sys.exit(f"{what}: differs by {difference:.3g}")


if __name__ == "__main__":
    prove(*sys.argv[1:])

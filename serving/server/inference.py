"""Classification and regression over a backend: what REST and gRPC share."""

from collections.abc import Sequence

from serving.server.backend import Backend
from serving.server.models.examples import (
    Classifications,
    example_inputs,
    find_example_signature,
    read_classifications,
    read_regressions,
)
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Run
from serving.server.models.signatures import Array


def classify(
    backend: Backend, version: LoadedVersion, name: str, examples: Sequence[bytes], deadline: float
) -> Classifications:
    """Returns the classes of examples.

    Args:
        backend: Runs the signature.
        version: The version, held `in_use` by the caller.
        name: The signature's name, empty for `serving_default`.
        examples: Serialised tf.Examples.
        deadline: The moment on `time.monotonic()` after which nobody waits for the answer.

    Raises:
        RequestError: 400, no such signature, or one that does not classify; and whatever the run says.
    """
    signature = find_example_signature(version.signatures, name, "classify")
    outputs = backend.run(Run(version, signature, example_inputs(signature, examples), deadline), "Classify")
    return read_classifications(outputs, len(examples))


def regress(backend: Backend, version: LoadedVersion, name: str, examples: Sequence[bytes], deadline: float) -> Array:
    """Returns a value for each example, float32 [N].

    Args:
        backend: Runs the signature.
        version: The version, held `in_use` by the caller.
        name: The signature's name, empty for `serving_default`.
        examples: Serialised tf.Examples.
        deadline: The moment on `time.monotonic()` after which nobody waits for the answer.

    Raises:
        RequestError: 400, no such signature, or one that does not regress; and whatever the run says.
    """
    signature = find_example_signature(version.signatures, name, "regress")
    outputs = backend.run(Run(version, signature, example_inputs(signature, examples), deadline), "Regress")
    return read_regressions(outputs, len(examples))

"""Classification and regression: serialised tf.Examples in, labels with scores or one value each out.

The order of the checks and their words are those of TensorFlow Serving's classifier.cc and regressor.cc.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from serving.server.errors import invalid_argument
from serving.server.models.signatures import DEFAULT_SIGNATURE, Array, Signature

ExampleVerb = Literal["classify", "regress"]

_KINDS = {"classify": "classification", "regress": "regression"}
_INPUT = "inputs"
_CLASSES = "classes"
_SCORES = "scores"
_REGRESSIONS = "outputs"


@dataclass(frozen=True)
class Classifications:
    """The classes of N examples, K each.

    Attributes:
        labels: bytes in an object array [N, K]; empty where the signature gives none.
        scores: float32 [N, K]; 0 where the signature gives none.
    """

    labels: Array
    scores: Array


def find_example_signature(signatures: Mapping[str, Signature], name: str, verb: ExampleVerb) -> Signature:
    """Returns the signature that classifies or regresses examples.

    Args:
        signatures: A version's signatures by name.
        name: As the request has it; empty for `serving_default`.
        verb: What is asked.

    Raises:
        RequestError: 400, there is none of that name, or its tensors are not those of what is asked. The method's name
            does not count: TensorFlow 2 writes the same one for every signature.
    """
    key = name or DEFAULT_SIGNATURE
    signature = signatures.get(key)
    if signature is None:
        raise invalid_argument(f"No signature was found with the name: {key}")
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    _check_outputs(signature, verb)
    return signature


def serialized_examples(message: Any) -> list[bytes]:
    """Returns the examples of an Input message, serialised, each with the context's features."""
    kind = message.WhichOneof("kind")
    if kind is None:
        return []
    examples = getattr(message, kind)
    # A message's bytes after another's are the two merged: the context's features, then the example's own.
    context = examples.context.SerializeToString() if kind == "example_list_with_context" else b""
    return [context + example.SerializeToString() for example in examples.examples]


def example_inputs(signature: Signature, examples: Sequence[bytes]) -> dict[str, Array]:
    """Returns what the signature is fed.

    Args:
        signature: As `find_example_signature` returned it.
        examples: Serialised tf.Examples.

    Raises:
        RequestError: 400, there is no example, or the signature takes no vector of strings.
    """
    if not examples:
        raise invalid_argument("Input is empty.")
    ((name, spec),) = signature.inputs.items()
    if spec.dtype != "string":
        raise invalid_argument(f"Expects arg[0] to be {spec.dtype} but string is provided")
    array = np.empty(len(examples), dtype=np.object_)
    array[:] = examples
    return {name: array}


def read_classifications(outputs: Mapping[str, Array], num_examples: int) -> Classifications:
    """Returns the outputs of a classification.

    Args:
        outputs: What the signature gave.
        num_examples: N.

    Raises:
        RequestError: 400, their shapes or dtypes are not those of labels and scores.
    """
    classes, scores = outputs.get(_CLASSES), outputs.get(_SCORES)
    for name, output, dtype in ((_CLASSES, classes, tf.string), (_SCORES, scores, tf.float32)):
        if output is not None:
            _check_classes(name, output, dtype, num_examples)
    if classes is not None and scores is not None and classes.shape != scores.shape:
        text = f"{classes.shape[1]} vs. {scores.shape[1]}"
        raise invalid_argument(f"Tensors class and score should match in dim_size(1). Got {text}")
    shape = next(output.shape for output in (classes, scores) if output is not None)
    return Classifications(
        labels=np.full(shape, b"", dtype=np.object_) if classes is None else classes,
        scores=np.zeros(shape, dtype=np.float32) if scores is None else scores,
    )


def read_regressions(outputs: Mapping[str, Array], num_examples: int) -> Array:
    """Returns the values of a regression, float32 [N].

    Args:
        outputs: What the signature gave.
        num_examples: N.

    Raises:
        RequestError: 400, their shape or dtype is not that of one number for each example.
    """
    output = outputs[_REGRESSIONS]
    if output.ndim != 1 and not (output.ndim == 2 and output.shape[1] == 1):
        expected = "Expected output Tensor shape to be either [batch_size] or [batch_size, 1]"
        raise invalid_argument(f"{expected} but got {_shape_text(output)}")
    if output.shape[0] != num_examples:
        text = f"{num_examples} vs. {output.shape[0]}"
        raise invalid_argument(f"Input batch size did not match output batch size: {text}")
    if output.dtype != np.float32:
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT. Got: {_dtype_name(output)}")
    return output.reshape(num_examples)


def _check_outputs(signature: Signature, verb: ExampleVerb) -> None:
    """Checks that a signature has the tensors of its method.

    Raises:
        RequestError: 400.
    """
    outputs = signature.outputs
    if verb == "regress" and len(outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if verb == "classify" and len(outputs) not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {len(outputs)}")
    if _INPUT not in signature.inputs:
        raise invalid_argument(f"No {_KINDS[verb]} inputs found in SignatureDef: {_described(signature)}")
    if verb == "regress" and _REGRESSIONS not in outputs:
        raise invalid_argument(f"No regression outputs found in SignatureDef: {_described(signature)}")
    if verb == "classify" and not {_CLASSES, _SCORES} & outputs.keys():
        expected = f'Expected classification signature outputs to contain at least one of "{_CLASSES}" or "{_SCORES}"'
        raise invalid_argument(f"{expected}. Signature was: {_described(signature)}")


def _check_classes(name: str, output: Array, dtype: tf.DType, num_examples: int) -> None:
    """Checks labels or scores.

    Raises:
        RequestError: 400.
    """
    if output.ndim != 2:
        raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {_shape_text(output)}")
    if output.dtype != dtype.as_numpy_dtype:
        expected = "DT_STRING" if dtype == tf.string else "DT_FLOAT"
        raise invalid_argument(f"Expected {name} Tensor of {expected}. Got: {_dtype_name(output)}")
    if output.shape[0] != num_examples:
        text = f"{num_examples}. Got: {output.shape[0]}"
        raise invalid_argument(f"Expected {name} output batch size of {text}")


def _described(signature: Signature) -> str:
    """Returns the names of a signature's tensors."""
    return f"inputs {{{','.join(signature.inputs)}}} outputs {{{','.join(signature.outputs)}}}"


def _shape_text(array: Array) -> str:
    """Returns a shape as `[2,3]`."""
    return "[" + ",".join(map(str, array.shape)) + "]"


def _dtype_name(array: Array) -> str:
    """Returns the dtype's name in protocol buffers, such as `DT_FLOAT`."""
    names = {tf.float32: "DT_FLOAT", tf.float64: "DT_DOUBLE", tf.float16: "DT_HALF"}
    dtype = tf.as_dtype(array.dtype)
    return names.get(dtype, f"DT_{dtype.name.upper()}")

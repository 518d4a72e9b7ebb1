"""JSON to serialised tf.Examples, and classes and values to the answer: `:classify` and `:regress`.

The order of the checks, the kind that a value gives its feature, and the words are those of TensorFlow Serving's
json_tensor.cc.
"""

from typing import Any

import tensorflow as tf

from serving.server.errors import invalid_argument
from serving.server.models.examples import Classifications
from serving.server.models.signatures import Array
from serving.server.rest.documents import json_type_name, shown
from serving.server.rest.faults import number_fault
from serving.server.rest.tensors import array_from_json, decode_base64, is_base64_object
from serving.server.rest.writing import written

_KIND_NAMES = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def read_examples(document: dict[str, Any]) -> list[bytes]:
    """Returns the request's examples, serialised, each with the context's features.

    Args:
        document: The request, with `examples` and perhaps `context`.

    Raises:
        RequestError: 400, an example is not an object of features, or there is none.
    """
    # A message's bytes after another's are the two merged: the context's features, then the example's own.
    context = _example(document["context"]) if "context" in document else b""
    if "examples" not in document:
        text = "When method is classify, key 'examples' is expected and was not found"
        raise invalid_argument(f"JSON Value: {shown(document)} {text}")
    examples = document["examples"]
    if type(examples) is not list:
        raise invalid_argument(f"JSON Value: {shown(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid_argument(f"JSON Value: {shown(document)} 'examples' value is an empty array")
    return [context + _example(example) for example in examples]


def classify_answer(classifications: Classifications) -> dict[str, Any]:
    """Returns a list of `[label, score]` for each example."""
    labels, scores = written(classifications.labels), written(classifications.scores)
    return {"results": [list(zip(*pair, strict=True)) for pair in zip(labels, scores, strict=True)]}


def regress_answer(values: Array) -> dict[str, Any]:
    """Returns a number for each example."""
    return {"results": written(values)}


def _example(value: Any) -> bytes:
    """Returns an object of features as a serialised tf.Example.

    Raises:
        RequestError: 400.
    """
    if type(value) is not dict:
        raise invalid_argument(f"Example must be JSON object but got JSON {json_type_name(value)}")
    example = tf.train.Example()
    features = example.features.feature
    for name, content in value.items():
        _fill(features[name], name, content if type(content) is list else [content])
    serialized: bytes = example.SerializeToString()
    return serialized


def _fill(feature: tf.train.Feature, name: str, values: list[Any]) -> None:
    """Adds values to a feature, which is of the first one's kind.

    Raises:
        RequestError: 400.
    """
    # Numbers of one type, by far the most there ever are, are read as a whole; what is wrong is found one by one.
    types = set(map(type, values))
    if types == {float} and (array := array_from_json(values, "float")) is not None:
        feature.float_list.value.extend(array.tolist())
        return
    if types == {int} and (array := array_from_json(values, "int64")) is not None:
        feature.int64_list.value.extend(array.tolist())
        return
    kind = None
    converted: list[Any] = []
    for value in values:
        own_kind, item = _convert(value, name, kind)
        kind = kind or own_kind
        converted.append(item)
    if kind is not None:
        getattr(feature, kind).value.extend(converted)


def _convert(value: Any, name: str, kind: str | None) -> tuple[str, Any]:
    """Returns the kind of list a value goes into, and the value as it stands there.

    Args:
        value: A JSON value.
        name: The feature's name.
        kind: The kind of the feature's values so far, or None.

    Raises:
        RequestError: 400, it is not a value, or of another kind than the values before it.
    """
    if value is None or type(value) is list or (type(value) is dict and not is_base64_object(value)):
        raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {json_type_name(value)}")
    own_kind = _kind(value)
    if kind not in (None, own_kind):
        expected = _KIND_NAMES[str(kind)]
        raise invalid_argument(f"Unexpected element type in feature: {name} expecting type: {expected}")
    if own_kind == "bytes_list":
        return own_kind, value.encode("utf-8") if type(value) is str else _decoded(value)
    if own_kind == "float_list":
        fault = number_fault(value)
        if fault is not None:
            raise invalid_argument(fault)
        return own_kind, float(value)
    if value >= 2**63:
        raise invalid_argument(f"Feature: {name} has uint64 element. Only int64 is supported.")
    return own_kind, int(value)


def _kind(value: Any) -> str:
    """Returns the kind of list for a value; an integer of more than 64 bits is a double to TensorFlow Serving."""
    if type(value) in (str, dict):
        return "bytes_list"
    return "float_list" if type(value) is float or not -(2**63) <= value < 2**64 else "int64_list"


def _decoded(value: dict[str, str]) -> bytes:
    """Returns the bytes of `{"b64": …}`.

    Raises:
        RequestError: 400.
    """
    try:
        return decode_base64(value["b64"])
    except ValueError:
        raise invalid_argument("Unable to base64 decode") from None

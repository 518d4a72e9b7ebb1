"""A signature's tensors as JSON Schema: what a request to it may hold, what its answer holds, and an example.

JSON has no token for NaN and the infinities, which the contract writes as `NaN`, `Infinity` and `-Infinity`; a schema
cannot say so, and has `number` for all of them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving.server.models.signatures import DEFAULT_SIGNATURE, Signature, TensorSpec
from serving.server.rest.answers import BYTES_SUFFIX
from serving.server.rest.tensors import NUMPY_DTYPES
from serving.server.site.models import IMAGE_INPUT

Schema = dict[str, Any]

# Padding may be left out; white space, which may stand anywhere, is not described.
_BASE64_PATTERN = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==)?|[A-Za-z0-9+/]{3}=?)?$"
BASE64: Schema = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64", "pattern": _BASE64_PATTERN}},
    "required": ["b64"],
    "additionalProperties": False,
}
# A picture of one gray pixel, as PNG.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoaGgAAAMEAYFL09IQAAAAAElFTkSuQmCC"
_MAX_EXAMPLE_VALUES = 64
# An empty list has one axis, whatever the input's rank.
_FILLED: Schema = {"minItems": 1}


def is_askable(signature: Signature) -> bool:
    """Tells whether JSON can carry all inputs and outputs of a signature."""
    specs = [*signature.inputs.values(), *signature.outputs.values()]
    return bool(signature.inputs) and all(spec.tensor_name and spec.dtype in NUMPY_DTYPES for spec in specs)


def request_schemas(name: str, signature: Signature) -> list[Schema]:
    """Returns what a predict request to a signature may be: in columnar form and, where it has one, in row form."""
    columns = {key: _nested(spec.shape, _input_value(spec), _FILLED) for key, spec in signature.inputs.items()}
    named = _object(columns)
    del named["additionalProperties"]
    forms = [_request(name, "inputs", column) for column in _bare_and_named(columns, named)]
    if _has_rows(signature.inputs):
        rows = {key: _nested(_row(spec), _input_value(spec), _FILLED) for key, spec in signature.inputs.items()}
        for row in _bare_and_named(rows, _object(rows)):
            forms.append(_request(name, "instances", {"type": "array", "items": row, "minItems": 1}))
    return forms


def answer_schemas(signature: Signature) -> list[Schema]:
    """Returns what the answer of a signature is, in columnar form and, where it has one, in row form."""
    columns = {key: _nested(spec.shape, _output_value(key, spec)) for key, spec in signature.outputs.items()}
    forms = [_object({"outputs": _bare_or_all(columns)})]
    if _has_rows(signature.outputs):
        rows = {key: _nested(_row(spec), _output_value(key, spec)) for key, spec in signature.outputs.items()}
        forms.append(_object({"predictions": {"type": "array", "items": _bare_or_all(rows), "minItems": 1}}))
    return forms


def example_request(name: str, signature: Signature) -> dict[str, Any] | None:
    """Returns a request in row form with one instance, None where there is no row form or it would fill pages."""
    if not _has_rows(signature.inputs):
        return None
    shapes = {key: [max(size, 1) for size in (spec.shape or ())[1:]] for key, spec in signature.inputs.items()}
    if sum(int(np.prod(shape)) for shape in shapes.values()) > _MAX_EXAMPLE_VALUES:
        return None
    instance = {key: _example(key, spec, shapes[key]) for key, spec in signature.inputs.items()}
    return {"signature_name": name, "instances": [instance]}


def _request(name: str, form: str, content: Schema) -> Schema:
    """Returns a request in one form, `instances` or `inputs`, which excludes the other."""
    other = {"instances": "inputs", "inputs": "instances"}[form]
    required = [form] if name == DEFAULT_SIGNATURE else ["signature_name", form]
    properties = {"signature_name": {"const": name}, form: content, other: False}
    return {"type": "object", "properties": properties, "required": required}


def _object(properties: Mapping[str, Schema]) -> Schema:
    """Returns an object with exactly these members."""
    members = dict(properties)
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _bare_and_named(inputs: Mapping[str, Schema], named: Schema) -> list[Schema]:
    """Returns how inputs come: by name, and a single one also without."""
    return [*inputs.values(), named] if len(inputs) == 1 else [named]


def _bare_or_all(outputs: Mapping[str, Schema]) -> Schema:
    """Returns outputs by name, a single one without."""
    return next(iter(outputs.values())) if len(outputs) == 1 else _object(outputs)


def _has_rows(specs: Mapping[str, TensorSpec]) -> bool:
    """Tells whether all tensors have, or may have, a batch as their first axis."""
    return all(spec.shape != () for spec in specs.values())


def _row(spec: TensorSpec) -> tuple[int, ...] | None:
    """Returns the shape of one row of a tensor."""
    return None if spec.shape is None else spec.shape[1:]


def _nested(shape: tuple[int, ...] | None, value: Schema, outer: Schema | None = None) -> Schema:
    """Returns lists of lists of a value; to any depth, where not even the rank is known.

    Args:
        shape: The axes' sizes, -1 where unknown.
        value: What is in the innermost list.
        outer: What holds of lists of lists whose length is unknown.
    """
    if shape is None:
        return {"anyOf": [value, {"type": "array", "description": "to any depth, all of one shape"}]}
    schema = value
    for axis, size in reversed(list(enumerate(shape))):
        is_outer = axis < len(shape) - 1
        bounds = {"minItems": size, "maxItems": size} if size >= 0 else (outer or {}) if is_outer else {}
        schema = {"type": "array", "items": schema, **bounds}
    return schema


def _input_value(spec: TensorSpec) -> Schema:
    """Returns one value of an input."""
    return {"anyOf": [{"type": "string"}, BASE64]} if spec.dtype == "string" else _number(spec.dtype)


def _output_value(name: str, spec: TensorSpec) -> Schema:
    """Returns one value of an output; strings of those whose name says bytes are in base64."""
    if spec.dtype == "string":
        return BASE64 if name.endswith(BYTES_SUFFIX) else {"type": "string"}
    # An infinity is beyond every bound.
    return {"type": "number"} if _is_float(spec.dtype) else _number(spec.dtype)


def _is_float(dtype: str) -> bool:
    """Tells whether a dtype is a floating one."""
    return np.dtype(NUMPY_DTYPES[dtype]).kind == "f"


def _number(dtype: str) -> Schema:
    """Returns one value that is no string."""
    if dtype == "bool":
        return {"type": "boolean"}
    if _is_float(dtype):
        largest = float(np.finfo(NUMPY_DTYPES[dtype]).max)
        return {"type": "number", "minimum": -largest, "maximum": largest}
    bounds = np.iinfo(NUMPY_DTYPES[dtype])
    return {"type": "integer", "minimum": int(bounds.min), "maximum": int(bounds.max)}


def _example(name: str, spec: TensorSpec, shape: list[int]) -> Any:
    """Returns an instance's value of an input: zeros, or a small picture where one is asked for."""
    if spec.dtype == "string":
        value: Any = {"b64": _PIXEL} if name == IMAGE_INPUT else "text"
    else:
        value = np.zeros((), NUMPY_DTYPES[spec.dtype]).item()
    for size in reversed(shape):
        value = [value] * size
    return value

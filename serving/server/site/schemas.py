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

BASE64: Schema = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
    "required": ["b64"],
    "additionalProperties": False,
}
# A picture of one gray pixel, as PNG.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoaGgAAAMEAYFL09IQAAAAAElFTkSuQmCC"
_MAX_EXAMPLE_VALUES = 64


def is_askable(signature: Signature) -> bool:
    """Tells whether JSON can carry all inputs and outputs of a signature."""
    specs = [*signature.inputs.values(), *signature.outputs.values()]
    return bool(signature.inputs) and all(spec.tensor_name and spec.dtype in NUMPY_DTYPES for spec in specs)


def request_schemas(name: str, signature: Signature) -> list[Schema]:
    """Returns what a predict request to a signature may be: in row form, where it has one, or in columnar form."""
    columns = {key: _column(spec, _input_value(spec)) for key, spec in signature.inputs.items()}
    forms = [_request(name, "inputs", _named_or_bare(columns, is_exact=False))]
    if _has_rows(signature.inputs):
        rows = {key: _row(spec, _input_value(spec)) for key, spec in signature.inputs.items()}
        instances = {"type": "array", "items": _named_or_bare(rows, is_exact=True), "minItems": 1}
        forms.insert(0, _request(name, "instances", instances))
    return forms


def answer_schemas(signature: Signature) -> list[Schema]:
    """Returns what the answer of a signature is, in row form, where it has one, and in columnar form."""
    columns = {key: _column(spec, _output_value(key, spec)) for key, spec in signature.outputs.items()}
    forms = [_object({"outputs": _bare_or_all(columns)})]
    if _has_rows(signature.outputs):
        rows = {key: _row(spec, _output_value(key, spec)) for key, spec in signature.outputs.items()}
        forms.insert(0, _object({"predictions": {"type": "array", "items": _bare_or_all(rows), "minItems": 1}}))
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


def _named_or_bare(inputs: Mapping[str, Schema], is_exact: bool) -> Schema:
    """Returns inputs by name; a single one may also come without."""
    named = _object(inputs)
    if not is_exact:
        del named["additionalProperties"]
    return {"anyOf": [*inputs.values(), named]} if len(inputs) == 1 else named


def _bare_or_all(outputs: Mapping[str, Schema]) -> Schema:
    """Returns outputs by name, a single one without."""
    return next(iter(outputs.values())) if len(outputs) == 1 else _object(outputs)


def _has_rows(specs: Mapping[str, TensorSpec]) -> bool:
    """Tells whether all tensors have, or may have, a batch as their first axis."""
    return all(spec.shape != () for spec in specs.values())


def _column(spec: TensorSpec, value: Schema) -> Schema:
    """Returns a whole tensor."""
    return _nested(spec.shape, value)


def _row(spec: TensorSpec, value: Schema) -> Schema:
    """Returns one row of a tensor."""
    return _nested(None if spec.shape is None else spec.shape[1:], value)


def _nested(shape: tuple[int, ...] | None, value: Schema) -> Schema:
    """Returns lists of lists of a value; anything, where not even the rank is known."""
    if shape is None:
        return {"description": "a value, or lists of them nested to any depth, all of one shape"}
    schema = value
    for size in reversed(shape):
        schema = {"type": "array", "items": schema} | ({"minItems": size, "maxItems": size} if size >= 0 else {})
    return schema


def _input_value(spec: TensorSpec) -> Schema:
    """Returns one value of an input."""
    return {"anyOf": [{"type": "string"}, BASE64]} if spec.dtype == "string" else _number(spec.dtype)


def _output_value(name: str, spec: TensorSpec) -> Schema:
    """Returns one value of an output; strings of those whose name says bytes are in base64."""
    if spec.dtype == "string":
        return BASE64 if name.endswith(BYTES_SUFFIX) else {"type": "string"}
    return _number(spec.dtype)


def _number(dtype: str) -> Schema:
    """Returns one value that is no string."""
    numpy_dtype = np.dtype(NUMPY_DTYPES[dtype])
    if numpy_dtype.kind == "b":
        return {"type": "boolean"}
    if numpy_dtype.kind == "f":
        return {"type": "number"}
    bounds = np.iinfo(numpy_dtype)
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

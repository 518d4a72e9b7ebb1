"""TensorProto messages to arrays and back, by the rules of TensorFlow's tensor.cc."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from serving.server.errors import RequestError, invalid_argument
from serving.server.models.signatures import Array, TensorSpec

_MAX_RANK = 254
# What a string takes beside its characters, in bytes: a pointer and a header in Python, another header in TensorFlow.
_STRING_BYTES = 64

# The field that holds a dtype's values, and what numpy shows of them there. The real server answers in these fields,
# and clients read them by name.
_FIELDS: dict[str, tuple[str, Any]] = {
    "float": ("float_val", np.float32),
    "double": ("double_val", np.float64),
    "int8": ("int_val", np.int8),
    "int16": ("int_val", np.int16),
    "int32": ("int_val", np.int32),
    "int64": ("int64_val", np.int64),
    "uint8": ("int_val", np.uint8),
    "uint16": ("int_val", np.uint16),
    "uint32": ("uint32_val", np.uint32),
    "uint64": ("uint64_val", np.uint64),
    "bool": ("bool_val", np.bool_),
    "string": ("string_val", np.object_),
    "half": ("half_val", np.uint16),
    "bfloat16": ("half_val", np.uint16),
    "complex64": ("scomplex_val", np.float32),
    "complex128": ("dcomplex_val", np.float64),
}


def read_tensors(protos: Mapping[str, Any], specs: Mapping[str, TensorSpec], max_bytes: int) -> dict[str, Array]:
    """Returns an array for each input.

    Args:
        protos: TensorProto messages by the names of the inputs.
        specs: The signature's inputs by name, the same names.
        max_bytes: The most that all arrays together may take; a message of a few bytes can ask for any number of
            equal values.

    Raises:
        RequestError: 400, a message is not a tensor, too large a one, or not of its input's dtype.
    """
    room = max_bytes
    for name in specs:
        room -= _num_bytes(name, protos[name])
        if room < 0:
            raise invalid_argument(f"tensor parsing error: {name}: the tensors take more than {max_bytes} bytes")
    # The index is the input's place among the names of its graph's tensors, as the real server's session has it.
    for index, name in enumerate(sorted(specs, key=lambda name: specs[name].tensor_name)):
        dtype = _dtype(name, protos[name])
        if dtype != specs[name].dtype:
            raise invalid_argument(f"Expects arg[{index}] to be {specs[name].dtype} but {dtype} is provided")
    return {name: _array(name, protos[name]) for name in specs}


def write_tensor(proto: Any, array: Array, spec: TensorSpec) -> None:
    """Fills a TensorProto message with an output of a signature.

    Args:
        proto: An empty message.
        array: Any shape; strings are bytes in an object array.
        spec: The signature's output.

    Raises:
        RequestError: 501, there is no such field in the message.
    """
    if spec.dtype not in _FIELDS:
        raise RequestError(tf.errors.UNIMPLEMENTED, f"Tensors of dtype {spec.dtype} are not answered")
    field, seen_as = _FIELDS[spec.dtype]
    proto.dtype = tf.as_dtype(spec.dtype).as_datatype_enum
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = np.ascontiguousarray(array).reshape(-1)
    getattr(proto, field).extend(flat.tolist() if seen_as == np.object_ else flat.view(seen_as).tolist())


def _num_bytes(name: str, proto: Any) -> int:
    """Returns what a message's tensor takes in memory, without making it.

    Raises:
        RequestError: 400, the message has no shape or no dtype, or more values than its shape.
    """
    sizes = [axis.size for axis in proto.tensor_shape.dim[: _MAX_RANK + 1]]
    if proto.tensor_shape.unknown_rank or len(sizes) > _MAX_RANK or min(sizes, default=0) < 0:
        raise _parsing_error(name)
    num_values = math.prod(sizes)
    dtype = _dtype(name, proto)
    numbers_per_value = 2 if dtype.startswith("complex") else 1
    # Before anything goes through the values, of which a message may have millions.
    if not proto.tensor_content and len(getattr(proto, _FIELDS[dtype][0])) > num_values * numbers_per_value:
        raise _parsing_error(name)
    if dtype != "string":
        return num_values * int(np.dtype(tf.as_dtype(dtype).as_numpy_dtype).itemsize)
    sent = proto.string_val
    repeated = (num_values - len(sent)) * len(sent[-1]) if sent else 0
    return num_values * _STRING_BYTES + max(0, repeated) + sum(map(len, sent))


def _dtype(name: str, proto: Any) -> str:
    """Returns TensorFlow's name of a message's dtype.

    Raises:
        RequestError: 400, it is none that a message can hold.
    """
    names = proto.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number
    dtype = names[proto.dtype].name.removeprefix("DT_").lower() if proto.dtype in names else ""
    if dtype not in _FIELDS:
        raise _parsing_error(name)
    return dtype


def _array(name: str, proto: Any) -> Array:
    """Returns a message's tensor, whose size has been checked; values that are missing at the end are as the last one.

    Raises:
        RequestError: 400, the message has more values than its shape, or values outside its dtype.
    """
    try:
        array: Array = tf.make_ndarray(proto)
    except (ValueError, TypeError, OverflowError):
        raise _parsing_error(name) from None
    # A byte that is neither 0 nor 1 is no bool to the operations of a graph.
    return array.view(np.uint8) != 0 if array.dtype == np.bool_ else array


def _parsing_error(name: str) -> RequestError:
    """Returns the 400 for a message that is not a tensor."""
    return invalid_argument(f"tensor parsing error: {name}")

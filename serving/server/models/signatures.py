"""What a SavedModel can be asked: its signatures, the dtype and shape of every tensor, and the one a request means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from serving.server.errors import invalid_argument

Array = np.ndarray[Any, np.dtype[Any]]

DEFAULT_SIGNATURE = "serving_default"
_DTYPE_PREFIX = "DT_"
# A variable of TensorFlow 1 that is an output itself; what comes out of the session is an array as any other.
_REFERENCE_SUFFIX = "_REF"


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
        dtype_name: The dtype's name in protocol buffers, such as `DT_FLOAT`.
        shape: The axes' sizes, -1 where unknown; None where not even the rank is known.
        tensor_name: The tensor's name in the graph, empty for one that is not a dense tensor.
    """

    dtype_name: str
    shape: tuple[int, ...] | None
    tensor_name: str

    @cached_property
    def dtype(self) -> str:
        """TensorFlow's name of the dtype, such as `float`."""
        return self.dtype_name.removeprefix(_DTYPE_PREFIX).removesuffix(_REFERENCE_SUFFIX).lower()


@dataclass(frozen=True)
class Signature:
    """What a SavedModel can be asked, by the names of its inputs and outputs, sorted.

    Attributes:
        inputs: The inputs by name.
        outputs: The outputs by name.
        method_name: What kind of question it is, such as `tensorflow/serving/predict`.
        defaults: What stands for inputs that a request over gRPC leaves out, by name.
    """

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    method_name: str
    defaults: Mapping[str, Array] = field(default_factory=dict)


def find_signature(signatures: Mapping[str, Signature], name: str) -> Signature:
    """Returns the signature that a prediction runs.

    Args:
        signatures: A version's signatures by name.
        name: As the request has it; empty for `serving_default`.

    Raises:
        RequestError: 400, there is none of that name.
    """
    key = name or DEFAULT_SIGNATURE
    signature = signatures.get(key)
    if signature is None:
        raise invalid_argument(f'Serving signature name: "{key}" not found in signature def')
    return signature


def read_signature(definition: Any) -> Signature:
    """Returns a SignatureDef message as a record."""
    inputs = {name: _read_tensor_info(definition.inputs[name]) for name in sorted(definition.inputs)}
    outputs = {name: _read_tensor_info(definition.outputs[name]) for name in sorted(definition.outputs)}
    defaults = {name: tf.make_ndarray(definition.defaults[name]) for name in definition.defaults}
    return Signature(inputs, outputs, definition.method_name, defaults)


def _read_tensor_info(info: Any) -> TensorSpec:
    """Returns a TensorInfo message as a record."""
    dtype_name = info.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number[info.dtype].name
    shape = None if info.tensor_shape.unknown_rank else tuple(axis.size for axis in info.tensor_shape.dim)
    return TensorSpec(dtype_name, shape, info.name)

"""A signature prepared to be run again and again in TensorFlow's C++ session."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import CallableOptions

from serving.server.errors import request_error_from_tensorflow
from serving.server.models.signatures import Array, Signature

_MILLISECONDS = 1000


class Call:
    """Runs one signature; may be called from many threads.

    `Session.run` looks up with every run what is to be run, which takes a sixth of the time of a small one.
    """

    def __init__(self, session: tf.compat.v1.Session, signature: Signature, timeout_seconds: float) -> None:
        """Prepares the part of the graph that the signature needs.

        Args:
            session: Holds the graph and its weights, and stays open as long as this is used.
            signature: All its tensors dense.
            timeout_seconds: After this TensorFlow stops a run.

        Raises:
            RequestError: The graph has no such tensors.
        """
        # Two inputs may be one tensor, two outputs as well, and an output may be an input as it came.
        self._feeds = {spec.tensor_name: name for name, spec in signature.inputs.items()}
        self._outputs = {name: spec.tensor_name for name, spec in signature.outputs.items()}
        self._fetches = sorted(set(self._outputs.values()) - set(self._feeds))
        options = CallableOptions(feed=list(self._feeds), fetch=self._fetches)
        options.run_options.timeout_in_ms = math.ceil(timeout_seconds * _MILLISECONDS)
        try:
            # What Keras 2 ran its functions with; the public `make_callable` is as slow as `Session.run`.
            self._run = session._make_callable_from_options(options) if self._fetches else None
        except tf.errors.OpError as error:
            raise request_error_from_tensorflow(error) from error

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Runs the signature.

        Args:
            inputs: An array for each of its inputs, of the input's dtype and a shape that fits.

        Returns:
            An array for each output.

        Raises:
            RequestError: With TensorFlow's status code, and what the operation said.
        """
        fed = {tensor: inputs[name] for tensor, name in self._feeds.items()}
        try:
            fetched = [] if self._run is None else self._run(*fed.values())
        except tf.errors.OpError as error:
            raise request_error_from_tensorflow(error) from error
        values = fed | dict(zip(self._fetches, fetched, strict=True))
        return {name: _as_array(values[tensor]) for name, tensor in self._outputs.items()}


def _as_array(value: Any) -> Array:
    """Returns a fetched value as an array; the session gives scalars as numpy scalars, or bytes for a string."""
    return np.asarray(value, dtype=np.object_) if isinstance(value, bytes) else np.asarray(value)

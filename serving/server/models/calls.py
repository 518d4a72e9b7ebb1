"""A signature prepared to be run again and again in TensorFlow's C++ session."""

import logging
import math
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import CallableOptions

from serving.server.errors import request_error_from_tensorflow
from serving.server.models.signatures import Array, Signature

logger = logging.getLogger(__name__)

_MILLISECONDS = 1000
# The shortest time after which a run can be stopped is the longest one halved as often.
_MAX_HALVINGS = 8


class Call:
    """Runs one signature; may be called from many threads.

    `Session.run` looks up with every run what is to be run, which takes a sixth of the time of a small one. What is
    prepared, however, has the time after which TensorFlow stops it built in, and TensorFlow has no other way to stop a
    run. So there is one for each halving of the longest time that somebody has asked for: a run goes on for less than
    twice the time that its caller waits. The first is made at once, the others beside the first runs that want them.
    """

    def __init__(self, session: tf.compat.v1.Session, signature: Signature, timeout_seconds: float) -> None:
        """Prepares the part of the graph that the signature needs.

        Args:
            session: Holds the graph and its weights, and stays open as long as this is used.
            signature: What is fed and fetched.
            timeout_seconds: The longest time of a run; then TensorFlow stops it.

        Raises:
            RequestError: The graph has no such tensors.
        """
        self._session = session
        self._timeout_seconds = timeout_seconds
        # Two inputs may be one tensor, two outputs as well, and an output may be an input as it came.
        self._feeds = {spec.tensor_name: name for name, spec in signature.inputs.items()}
        self._outputs = {name: spec.tensor_name for name, spec in signature.outputs.items()}
        self._fetches = sorted(set(self._outputs.values()) - set(self._feeds))
        self._lock = threading.Lock()
        self._wanted = {0}
        try:
            self._runs = {0: self._prepare(0)} if self._fetches else {}
        except tf.errors.OpError as error:
            raise request_error_from_tensorflow(error) from error

    def __call__(self, inputs: Mapping[str, Array], seconds: float = math.inf) -> dict[str, Array]:
        """Runs the signature.

        Args:
            inputs: An array for each of its inputs, of the input's dtype and a shape that fits.
            seconds: How long somebody waits for it.

        Returns:
            An array for each output.

        Raises:
            RequestError: With TensorFlow's status code, and what the operation said.
        """
        fed = {tensor: inputs[name] for tensor, name in self._feeds.items()}
        try:
            fetched = self._run_for(seconds)(*fed.values()) if self._fetches else []
        except tf.errors.OpError as error:
            raise request_error_from_tensorflow(error) from error
        values = fed | dict(zip(self._fetches, fetched, strict=True))
        return {name: _as_array(values[tensor]) for name, tensor in self._outputs.items()}

    def _run_for(self, seconds: float) -> Any:
        """Returns what runs the signature for a time, or a little longer; has it made where there is none yet."""
        halvings = 0
        while halvings < _MAX_HALVINGS and self._timeout_seconds / 2 ** (halvings + 1) >= seconds:
            halvings += 1
        run = self._runs.get(halvings)
        if run is not None:
            return run
        with self._lock:
            is_new = halvings not in self._wanted
            self._wanted.add(halvings)
        if is_new:
            threading.Thread(target=self._prepare_beside, args=(halvings,), name="serving-prepare").start()
        return next(self._runs[larger] for larger in range(halvings, -1, -1) if larger in self._runs)

    def _prepare_beside(self, halvings: int) -> None:
        """Prepares the signature for a shorter time, while others run it."""
        try:
            self._runs[halvings] = self._prepare(halvings)
        except Exception as error:  # Runs go on as they are: such as where the version has been retired meanwhile.
            logger.debug("A shorter run was not prepared: %s", error)

    def _prepare(self, halvings: int) -> Any:
        """Returns what runs the signature; raises tf.errors.OpError where the graph has no such tensors."""
        options = CallableOptions(feed=list(self._feeds), fetch=self._fetches)
        options.run_options.timeout_in_ms = math.ceil(self._timeout_seconds / 2**halvings * _MILLISECONDS)
        # What Keras 2 ran its functions with; the public `make_callable` is as slow as `Session.run`.
        return self._session._make_callable_from_options(options)


def _as_array(value: Any) -> Array:
    """Returns a fetched value as an array; the session gives scalars as numpy scalars, or bytes for a string."""
    return np.asarray(value, dtype=np.object_) if isinstance(value, bytes) else np.asarray(value)

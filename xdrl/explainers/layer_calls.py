"""What a layer inside a Keras model answers: seen, or put in its place, wherever in the model the layer stands.

A layer may be called in a model inside the model, in a block that someone wrote, or more than once. Its place is
therefore a call in the course of the whole model, and not a tensor of one model's graph.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import keras

Watch = Callable[[keras.Operation, Any], Any]
"""(layer, what it answers) to what the layer is to answer."""
_ONE_AT_A_TIME = threading.RLock()
"""Held while layers are watched: two threads may explain one model."""


class Call(NamedTuple):
    """A call of a layer in the course of a model.

    Attributes:
        layer: a layer, or an operation such as an addition.
        number: which of its calls, from 0.
        output: what it answered.
    """

    layer: keras.Operation
    number: int
    output: Any


def layers_within(model: keras.Model) -> list[keras.Operation]:
    """Lists a model's layers and operations, those of models and blocks inside it too, each once."""
    within = model._flatten_layers(include_self=False)
    nested = [model, *(layer for layer in within if isinstance(layer, keras.Model))]
    operations = [each for each_model in nested for each in getattr(each_model, "operations", [])]
    return list(dict.fromkeys([*within, *operations]))


def record_calls(model: keras.Model, run: Callable[[], Any]) -> tuple[list[Call], Any]:
    """Runs a model and lists its layers' calls, in the order in which they ended; returns them and the result."""
    calls: list[Call] = []
    counts: Counter[keras.Operation] = Counter()

    def record(layer: keras.Operation, output: Any) -> Any:
        calls.append(Call(layer, counts[layer], output))
        counts[layer] += 1
        return output

    with _watched(layers_within(model), record):
        result = run()
    return calls, result


def see_call(call: Call, run: Callable[[], Any]) -> Any:
    """Runs a model; returns what the layer answers in this call."""
    return _run_with(call, run, lambda output: output)[0]


def replace_call(call: Call, output: Any, run: Callable[[], Any]) -> Any:
    """Runs a model in which the layer answers this output in this call; returns the result."""
    return _run_with(call, run, lambda _: output)[1]


def _run_with(call: Call, run: Callable[[], Any], change: Callable[[Any], Any]) -> tuple[Any, Any]:
    outputs: list[Any] = []

    def watch(_: keras.Operation, output: Any) -> Any:
        outputs.append(change(output) if len(outputs) == call.number else output)
        return outputs[-1]

    with _watched([call.layer], watch):
        result = run()
    return outputs[call.number], result


@contextmanager
def _watched(layers: list[keras.Operation], watch: Watch) -> Iterator[None]:
    """Lets the layers' answers pass through a function, in this thread."""
    with _ONE_AT_A_TIME, ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_calling(layer, _watching(layer, layer.call, watch)))
        yield


@contextmanager
def _calling(layer: keras.Operation, function: Callable[..., Any]) -> Iterator[None]:
    # Past Keras' own `__setattr__`, which would take the function for a part of the layer.
    attributes = vars(layer)
    before = attributes.get("call")
    attributes["call"] = function
    try:
        yield
    finally:
        if before is None:
            del attributes["call"]
        else:
            attributes["call"] = before


def _watching(layer: keras.Operation, call: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    owner = threading.get_ident()

    def watched(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        return watch(layer, output) if threading.get_ident() == owner else output

    return watched

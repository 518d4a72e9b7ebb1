"""What a request can make the server compute and keep: no more than in proportion to its bytes, and within limits."""

import gzip
import json
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from serving.server.admission import BodyShare, BodySpace
from serving.server.errors import RequestError, forget_frames, invalid_argument, operation_message
from serving.server.limits import MEBIBYTE, Limits
from serving.server.models.signatures import TensorSpec
from serving.server.rest.bodies import inflate
from serving.server.rest.documents import DocumentParser
from serving.server.rest.inputs import read_inputs

# Half a minute of waiting for clocks, which a busy machine upsets.
pytestmark = pytest.mark.slow

LIMITS = Limits()


def refusal(function: Callable[..., Any], *args: Any) -> tuple[RequestError, float]:
    """Returns the error that a call must raise, and the seconds it took of this thread's time."""
    start = time.thread_time()
    with pytest.raises(RequestError) as caught:
        function(*args)
    return caught.value, time.thread_time() - start


def test_many_gzip_members_are_not_copied_over_and_over() -> None:
    body = gzip.compress(b"") * 200_000
    start = time.thread_time()
    assert inflate(body, LIMITS, BodyShare(BodySpace(MEBIBYTE))) == b""
    assert time.thread_time() - start < 3


def test_what_inflates_takes_its_share_while_it_does() -> None:
    space = BodySpace(10 * MEBIBYTE)
    share = BodyShare(space)
    body = gzip.compress(bytes(20 * MEBIBYTE))
    error, _ = refusal(inflate, body, LIMITS, share)
    assert (error.status, error.message) == (
        503,
        f"The bodies of all requests together are larger than {10 * MEBIBYTE} bytes",
    )
    share.release()
    space.take(10 * MEBIBYTE)


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_a_fault_below_many_levels_is_found_as_quickly_as_below_one(form: str) -> None:
    seconds = {}
    for levels in (1, 60):
        value: Any = [*[1] * 300_000, 2**40]
        for _ in range(levels):
            value = [value]
        spent = []
        for _ in range(4):
            error, spent_once = refusal(read_inputs, {form: value}, {"x": TensorSpec("DT_INT32", None, "x")})
            assert "1099511627776 Type: Number is not of expected type: int32" in error.message
            spent.append(spent_once)
        seconds[levels] = min(spent)  # The others may have met a run of the garbage collector.
    assert seconds[60] < 5 * seconds[1]


def test_more_values_than_the_limit_are_refused_before_they_are_parsed() -> None:
    body = b'{"inputs": [' + b"1," * 5_000_000 + b"1]}"
    error, spent = refusal(DocumentParser(LIMITS).parse, body)
    assert (error.status, error.message) == (413, "Request has more than 5000000 JSON values")
    assert spent < 1


def test_a_body_of_backslashes_is_looked_through_quickly() -> None:
    text = b"\\\\" * 4_000_000 + b'\\"' + b"[" * 300
    start = time.thread_time()
    assert len(DocumentParser(LIMITS).parse(b'{"inputs": "' + text + b'"}')["inputs"]) == 4_000_301
    assert time.thread_time() - start < 0.5


@pytest.mark.parametrize(
    "text", [" " * 200_000, "7" * 200_000, "[[" * 100_000, "root error(s) found. (0) A: " + "1 " * 100_000]
)
def test_an_operation_that_quotes_a_long_input_is_quoted_quickly(text: str) -> None:
    start = time.thread_time()
    message = operation_message(tf.errors.InvalidArgumentError(None, None, f"2 root error(s) found. (0) X: {text}"))
    assert len(message) <= 1000
    assert time.thread_time() - start < 1


def test_a_long_input_that_an_operation_quotes_is_answered_quickly(tmp_path: Any, start: Callable[..., Any]) -> None:
    module = tf.Module()
    number = tf.function(
        lambda text: {"number": tf.strings.to_number(text)},
        input_signature=[tf.TensorSpec([None], tf.string, "text")],
        autograph=False,
    )
    tf.saved_model.save(module, str(tmp_path / "models" / "number" / "1"), signatures=number)
    server = start({"models": tmp_path / "models"})
    for text in (" " * 100_000, "7 " * 50_000, "[[" * 50_000):
        before = server.processor_seconds()
        answer = server.predict("number", json.dumps({"instances": [text + "x"]}))
        assert (answer.status, "StringToNumberOp could not correctly convert string" in answer.error) == (400, True)
        assert server.processor_seconds() - before < 5, text[:10]


def large_body(last: bytes) -> bytes:
    """Writes a body of 7 MB whose numbers take 32 MB as Python's objects."""
    return b'{"signature_name": "echo_float32", "inputs": [' + b"101.55," * 1_000_000 + last + b"]}"


def test_an_error_lets_go_of_what_it_came_through() -> None:
    kept: list[weakref.ref[Any]] = []

    def refuse() -> None:
        document = {"large"}
        kept.append(weakref.ref(document))
        try:
            raise ValueError(document)
        except ValueError:
            raise invalid_argument("no") from None

    with pytest.raises(RequestError) as caught:
        refuse()
    assert kept[0]() is not None
    forget_frames(caught.value)
    assert kept[0]() is None
    assert caught.value.message == "no"


@pytest.mark.slow
def test_a_refused_document_is_let_go_of_at_once(start: Callable[..., Any]) -> None:
    server = start()
    assert server.predict("echoes", large_body(b'"x"')).status == 400
    before = server.memory()
    for _ in range(12):
        assert server.predict("echoes", large_body(b'"x"')).status == 400
    assert server.memory() - before < 150 * MEBIBYTE


def test_large_bodies_do_not_keep_small_ones_waiting(start: Callable[..., Any]) -> None:
    server = start(request_threads=2)
    is_over = threading.Event()

    def send_large_bodies() -> None:
        while not is_over.is_set():
            server.predict("echoes", large_body(b'"x"'))

    clients = [threading.Thread(target=send_large_bodies) for _ in range(6)]
    for client in clients:
        client.start()
    time.sleep(1)
    seconds = []
    for _ in range(9):
        began = time.monotonic()
        assert server.is_alive()
        seconds.append(time.monotonic() - began)
    is_over.set()
    for client in clients:
        client.join()
    assert sorted(seconds)[2] < 1, seconds

"""A fuzz run over requests, and clients that are slow, leave, or send pictures that are bombs."""

import base64
import contextlib
import json
import re
import runpy
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

HERE = Path(__file__).parent
MEBIBYTE = 1024 * 1024
HEAD = b"POST /v1/models/scaler:predict HTTP/1.1\r\nHost: localhost\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def exchange(server: Any, data: bytes, is_unfinished: bool) -> bytes:
    """Sends bytes and returns what comes until the server closes; a server that hangs raises TimeoutError."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        try:
            connection.sendall(data)
            if is_unfinished:
                time.sleep(0.02)
                with contextlib.suppress(OSError):  # Already closed by the server.
                    connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except ConnectionError:
            # The server has closed before all was sent, and what it said may be lost on the way.
            pass
    return received


def split_answers(received: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yields status, head and body of each answer."""
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status = STATUS_LINE.match(head)
        assert status, received[:200]
        length = LENGTH.search(head)
        size = int(length[1]) if length else 0
        yield int(status[1]), head, rest[:size]
        received = rest[size:]


def check_answer(status: int, head: bytes, body: bytes) -> None:
    """Checks that an answer is one of those this API gives."""
    if status == 100:
        return
    if b"content-type: text/plain" in head:
        # A path that is the site's.
        assert (status, body) in ((404, b"Not Found"), (405, b"Method Not Allowed"))
        return
    assert b"content-type: application/json" in head
    document = json.loads(body)
    if status == 200:
        assert document.keys() & {"predictions", "outputs", "model_version_status"}, body
        return
    assert 400 <= status < 500, (status, body)
    assert list(document) == ["error"]
    assert document["error"].strip(), body
    assert "\n" not in document["error"]
    assert len(document["error"]) <= 1000


def fuzz(server: Any, seeds: range) -> dict[int, int]:
    """Sends the requests of the seeds and returns how often each status was answered; 0 for a closed connection."""
    make_request = runpy.run_path(str(HERE / "mutations.py"))["make_request"]
    counts: dict[int, int] = {}
    for seed in seeds:
        request = make_request(seed)
        try:
            answers = list(split_answers(exchange(server, request.data, request.is_unfinished)))
            assert answers or request.is_unfinished or len(request.data) > 60_000
            for answer in answers:
                check_answer(*answer)
        except (AssertionError, ValueError, TimeoutError) as error:
            raise AssertionError(f"seed {seed}: {request.data[:300]!r}: {error!r}") from error
        for status in [answer[0] for answer in answers] or [0]:
            counts[status] = counts.get(status, 0) + 1
    return counts


def test_requests_that_are_nearly_right(start: Callable[..., Any], tmp_path: Path) -> None:
    server = start()
    before, log = server.memory(), (tmp_path / "log.txt").read_text(encoding="utf-8")
    counts = fuzz(server, range(300))
    assert counts[200] > 20
    assert counts[400] > 100
    assert server.is_alive()
    assert server.memory() - before < 150 * MEBIBYTE
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == log


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_thousand_requests_that_are_nearly_right(start: Callable[..., Any], tmp_path: Path) -> None:
    server = start()
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    fuzz(server, range(1000, 2000))
    before, start_time = server.memory(), time.monotonic()
    counts = fuzz(server, range(2000, 21_000))
    assert server.is_alive()
    growth = server.memory() - before
    print(f"{counts} in {time.monotonic() - start_time:.0f} s; {before / MEBIBYTE:.0f} MiB {growth / MEBIBYTE:+.1f}")
    assert growth < 50 * MEBIBYTE
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == log


def png(width: int, height: int, data: bytes) -> bytes:
    """Writes a PNG of gray pixels; the data may be too little."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """Writes a small JPEG whose head claims a size."""
    encoded = bytearray(tf.io.encode_jpeg(np.zeros((16, 16, 3), np.uint8)).numpy())
    start = encoded.index(b"\xff\xc0") + 5
    encoded[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(encoded)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that decodes screenshots as exported agents do."""
    from serving.signatures import decode_screens

    folder = tmp_path_factory.mktemp("camera")
    module = tf.Module()
    decode = tf.function(
        lambda image_bytes: {"mean": tf.reduce_mean(tf.cast(decode_screens(image_bytes), tf.float32), [1, 2, 3])},
        input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")],
        autograph=False,
    )
    tf.saved_model.save(module, str(folder / "camera" / "1"), signatures=decode)
    return folder


def test_pictures_that_are_bombs_or_none(camera: Path, start: Callable[..., Any]) -> None:
    server = start({"models": camera})
    good = png(160, 210, zlib.compress((b"\0" + b"\x64" * 160) * 210))
    whole = jpeg(16, 16)
    bombs = {
        "png": png(23_000, 23_000, zlib.compress(bytes(23_001 * 100))),
        "png whose size overflows": png(2**31 - 1, 2**31 - 1, b""),
        "png whose product overflows": png(2**30, 2**30 + 1, zlib.compress(b"")),
        "png just over the limit": png(4096, 4097, zlib.compress(b"")),
        "png within the limit but without pixels": png(4096, 4096, zlib.compress(b"")),
        "png of no size": png(0, 0, zlib.compress(b"")),
        "png cut in its head": good[:20],
        "png cut in its pixels": good[: len(good) // 2],
        "png with a broken sum": good.replace(b"IDAT", b"IDAX"),
        "jpeg": jpeg(65_500, 65_500),
        "jpeg of no size": jpeg(0, 0),
        "jpeg cut in its head": whole[:10],
        "jpeg of three bytes": b"\xff\xd8\xff",
        "gif": b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(100),
        "bmp": b"BM" + bytes(60),
        "text": b"no picture at all",
        "nothing": b"",
    }

    def ask(*pictures: bytes) -> Any:
        encoded = [{"b64": base64.b64encode(picture).decode()} for picture in pictures]
        return server.predict("camera", {"instances": encoded})

    assert ask(good).json == {"predictions": [100.0]}
    before = server.memory("VmHWM")
    for name, bomb in bombs.items():
        used = server.processor_seconds()
        answer = ask(bomb)
        assert (answer.status, bool(answer.error)) == (400, True), (name, answer.body)
        assert ask(good, bomb).status == 400, name
        assert server.processor_seconds() - used < 5, name
    assert ask(good, good).json == {"predictions": [100.0, 100.0]}
    assert server.memory("VmHWM") - before < 200 * MEBIBYTE

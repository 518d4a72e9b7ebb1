"""Screenshots: every kind of picture is read rightly or refused, in the session that TensorFlow Serving runs."""

import io
import resource
import struct
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image


def test_a_screenshot_three_times_the_size_is_the_same_screen(session, tiny, agent, screens):
    enlarged = screens[0].repeat(3, 0).repeat(3, 1)
    tiny.check_answer(agent, session[1]("serving_default", image_bytes=tiny.images(tiny.encode(enlarged))), screens[:1])


def test_a_screenshot_of_another_size_is_averaged_by_area(session, tiny, agent):
    # Columns alternate between 0 and 200: two to one, each screen pixel is their mean.
    wide = np.zeros((210, 320, 3), np.uint8)
    wide[:, ::2] = 200
    answer = session[1]("serving_default", image_bytes=tiny.images(tiny.encode(wide)))
    tiny.check_answer(agent, answer, np.full((1, 210, 160, 3), 100, np.uint8))


def test_grayscale_alpha_and_palette_are_read_as_rgb(session, tiny, agent, screens):
    gray = np.asarray(Image.fromarray(screens[0]).convert("L"))
    as_rgb = np.repeat(gray[..., None], 3, -1)[None]
    for mode in ("L", "LA"):
        tiny.check_answer(
            agent, session[1]("serving_default", image_bytes=tiny.images(tiny.encode(gray, mode))), as_rgb
        )
    answer = session[1]("serving_default", image_bytes=tiny.images(tiny.encode(screens[0], "RGBA")))
    tiny.check_answer(agent, answer, screens[:1])
    few_colours = screens[0] // 128 * 128
    buffer = io.BytesIO()
    Image.fromarray(few_colours).quantize(8).save(buffer, "PNG")
    tiny.check_answer(
        agent, session[1]("serving_default", image_bytes=tiny.images(buffer.getvalue())), few_colours[None]
    )


def test_a_jpeg_is_read(session, tiny, agent, screens):
    encoded = tiny.encode(screens[0], form="JPEG", quality=95)
    decoded = tf.io.decode_jpeg(encoded, channels=3).numpy()[None]
    tiny.check_answer(agent, session[1]("serving_default", image_bytes=tiny.images(encoded)), decoded)


def test_screenshots_of_different_kinds_and_sizes_share_a_batch(session, tiny, agent, screens):
    small = np.full((21, 16, 3), 90, np.uint8)
    answer = session[1](
        "serving_default", image_bytes=tiny.images(tiny.encode(screens[0]), tiny.encode(small, form="JPEG"))
    )
    tiny.check_answer(agent, {name: value[:1] for name, value in answer.items()}, screens[:1])
    assert answer["action"].shape == (2,)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def blank_png(width: int, height: int) -> bytes:
    """Returns a whole, valid one-bit PNG."""
    packer = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row * 500) for _ in range(height // 500))
    data += packer.compress(row * (height % 500)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_that_claims(small: bytes, width: int, height: int) -> bytes:
    """Returns a small JPEG whose header says another size."""
    encoded = bytearray(small)
    place = encoded.index(b"\xff\xc0") + 5
    encoded[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(encoded)


@pytest.mark.parametrize("signature", ["serving_default", "overlay"])
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_an_image_bomb_is_refused_quickly_and_without_memory(session, tiny, screens, signature, kind):
    bomb = (
        blank_png(23_000, 23_000)
        if kind == "png"
        else jpeg_that_claims(tiny.encode(screens[0], form="JPEG"), 23_000, 23_000)
    )
    assert len(bomb) < 500_000
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"at most\] \[16777216\].* \[23000\] \[23000\]"):
        session[1](signature, image_bytes=tiny.images(bomb))
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kB more than before"


@pytest.mark.parametrize("size", [(4097, 4096), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (0, 5), (5, 0)])
def test_sizes_out_of_bounds_are_refused(session, tiny, size):
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected an image of at most"):
        session[1]("serving_default", image_bytes=tiny.images(image))


@pytest.mark.parametrize(
    "data", [b"", b"\x89", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50), b"BM" + bytes(99), b"hello"]
)
def test_what_is_no_png_or_jpeg_is_refused_with_what_was_expected(session, tiny, data):
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected image_bytes to be a PNG or JPEG image"):
        session[1]("serving_default", image_bytes=tiny.images(data))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_an_image_that_breaks_off_is_refused(session, tiny, screens, form, share):
    encoded = tiny.encode(np.random.default_rng(0).integers(0, 256, (210, 160, 3)).astype(np.uint8), form=form)
    with pytest.raises(tf.errors.InvalidArgumentError):
        session[1]("serving_default", image_bytes=tiny.images(encoded[: int(len(encoded) * share)]))


def test_one_bad_image_does_not_spoil_the_next_request(session, tiny, agent, screens):
    with pytest.raises(tf.errors.InvalidArgumentError):
        session[1]("serving_default", image_bytes=tiny.images(tiny.encode(screens[0]), b"hello"))
    tiny.check_answer(
        agent, session[1]("serving_default", image_bytes=tiny.images(tiny.encode(screens[0]))), screens[:1]
    )

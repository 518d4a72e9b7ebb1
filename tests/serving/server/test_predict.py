"""Predictions: both forms, every dtype, both ways."""

import base64
import gzip
import json
import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest

FOUR = {"text": "hey", "big": 9007199254740993, "flag": True, "pixels": [0, 1, 255]}


def png(width: int, height: int, brightness: int) -> bytes:
    """Returns a gray PNG, without an image library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes([brightness]) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def echo(server: Any, dtype: str, text: str) -> Any:
    """Sends a value, as JSON text, through the signature that gives it back."""
    return server.predict("echoes", f'{{"signature_name": "echo_{dtype}", "inputs": {text}}}')


def test_rows_of_bare_values(server: Any) -> None:
    answer = server.predict("scaler", {"instances": [[1.5, -2], [0, 0.1]]})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == b'{"predictions":[[4.5,-6.0],[0.0,0.3]]}'


def test_a_small_request_may_have_a_large_answer(server: Any) -> None:
    answer = server.predict("echoes", {"signature_name": "many", "instances": [0.2, 3]})
    assert answer.json == {"predictions": [[0.2] * 20_000, [3.0] * 20_000]}


def test_rows_of_objects_with_one_input(server: Any) -> None:
    answer = server.predict("scaler", {"instances": [{"x": [1, 2]}, {"x": [3, 4]}]})
    assert answer.json == {"predictions": [[3, 6], [9, 12]]}


def test_columns_bare_and_named(server: Any) -> None:
    for inputs in ([[1, 2]], {"x": [[1, 2]]}, {"x": [[1, 2]], "unknown": "ignored"}):
        assert server.predict("scaler", {"inputs": inputs}).json == {"outputs": [[3, 6]]}


def test_rows_with_several_inputs_and_outputs(server: Any) -> None:
    second = {"pixels": [9, 9, 9], "flag": False, "big": -1, "text": "ö"}
    answer = server.predict("mixed", {"instances": [FOUR, second]})
    assert answer.json == {
        "predictions": [
            {
                "big": 9007199254740994,
                "flag": False,
                "pixels": [255, 254, 0],
                "raw_bytes": {"b64": "aGV5/w=="},
                "shout": "HEY",
            },
            {"big": 0, "flag": True, "pixels": [246, 246, 246], "raw_bytes": {"b64": "w7b/"}, "shout": "ö"},
        ]
    }


def test_columns_with_several_inputs_and_outputs(server: Any) -> None:
    inputs = {"text": ["a", "b"], "big": [1, 2], "flag": [True, False], "pixels": [[1, 2, 3], [4, 5, 6]]}
    assert server.predict("mixed", {"inputs": inputs}).json == {
        "outputs": {
            "big": [2, 3],
            "flag": [False, True],
            "pixels": [[254, 253, 252], [251, 250, 249]],
            "raw_bytes": [{"b64": "Yf8="}, {"b64": "Yv8="}],
            "shout": ["A", "B"],
        }
    }


@pytest.mark.parametrize(
    ("dtype", "sent", "expected"),
    [
        ("float32", "[0.2, 16777215, -0.0, 1e-40, 3.4028234e38]", None),
        ("float64", "[0.1, 9007199254740991, 1.7976931348623157e308, 5e-324]", None),
        ("int8", "[-128, 127]", None),
        ("int16", "[-32768, 32767]", None),
        ("int32", "[-2147483648, 2147483647]", None),
        ("int64", "[-9223372036854775808, 9223372036854775807]", None),
        ("uint8", "[0, 255]", None),
        ("uint32", "[4294967295]", None),
        ("uint64", "[18446744073709551615]", None),
        ("bool", "[[true], [false]]", None),
        ("string", '["text", "\\u00e9\\ud83d\\ude00", ""]', None),
        ("string", '{"b64": "aGk="}', '"hi"'),
        ("float32", "7", "7.0"),
        ("int32", "[[], []]", None),
        ("float32", "[]", None),
    ],
)
def test_every_dtype_comes_back_unchanged(server: Any, dtype: str, sent: str, expected: str | None) -> None:
    answer = echo(server, dtype, sent)
    assert answer.status == 200, answer.body
    returned = answer.json["outputs"]
    if dtype == "float32" and returned != 7:
        assert [struct.pack("f", x) for x in returned] == [struct.pack("f", x) for x in json.loads(sent)]
    else:
        assert returned == json.loads(expected or sent)
        assert type(returned) is type(json.loads(expected or sent))


def test_nan_and_infinities_are_bare_tokens_both_ways(server: Any) -> None:
    for dtype in ("float32", "float64"):
        answer = echo(server, dtype, "[NaN, Infinity, -Infinity, 0.2]")
        assert answer.body == b'{"outputs":[NaN,Infinity,-Infinity,0.2]}'
        assert math.isnan(answer.json["outputs"][0])


@pytest.mark.parametrize("text", ["aGVsbG8=", "aGVsbG8", " aGVs\\nbG8 = "])
def test_base64_with_and_without_padding_and_white_space(server: Any, text: str) -> None:
    assert server.predict("echoes", f'{{"instances": [{{"b64": "{text}"}}]}}').json == {"predictions": ["hello"]}


def test_bytes_that_are_not_text_are_still_answered(server: Any) -> None:
    assert server.predict("echoes", {"instances": [{"b64": "/w=="}]}).json == {"predictions": ["\ufffd"]}


def test_an_image_in_base64_reaches_the_decoder(server: Any) -> None:
    images = [{"b64": base64.b64encode(png(8, 8, gray)).decode()} for gray in (7, 200)]
    named = [{"image_bytes": image} for image in images]
    for instances in (images, named):
        answer = server.predict("echoes", {"signature_name": "decode", "instances": instances})
        assert answer.json == {"predictions": [7.0, 200.0]}


def test_the_content_type_of_the_request_is_ignored(server: Any) -> None:
    answer = server.predict("scaler", {"instances": [[1, 2]]}, {"Content-Type": "text/html; charset=latin-1"})
    assert answer.json == {"predictions": [[3, 6]]}


def test_a_gzip_body_is_inflated(server: Any) -> None:
    document = json.dumps({"instances": [[1, 2]]}).encode()
    two_members = gzip.compress(document[:5]) + gzip.compress(document[5:])
    for body in (gzip.compress(document), two_members):
        assert server.predict("scaler", body, {"Content-Encoding": "gzip"}).json == {"predictions": [[3, 6]]}


def test_of_equal_keys_the_first_counts(server: Any) -> None:
    text = '{"instances": [{"x": [1, 2], "x": [5, 5]}], "instances": [[7, 7]], "signature_name": "", "inputs2": 0}'
    assert server.predict("scaler", text).json == {"predictions": [[3, 6]]}


def test_a_byte_order_mark_is_skipped(server: Any) -> None:
    assert server.predict("scaler", b'\xef\xbb\xbf{"instances": [[1, 2]]}').json == {"predictions": [[3, 6]]}


def test_a_version_can_be_asked_for(server: Any) -> None:
    for path, expected in (("/versions/1", [2, 4]), ("/versions/2", [3, 6]), ("/versions/02", [3, 6]), ("", [3, 6])):
        answer = server.ask("POST", f"/v1/models/scaler{path}:predict", {"instances": [[1, 2]]})
        assert answer.json == {"predictions": [expected]}


def test_a_scalar_output_is_fine_in_columns(server: Any) -> None:
    assert server.predict("echoes", {"signature_name": "scalar", "inputs": [1, 2]}).json == {"outputs": 3.0}


def test_shapes_are_the_graphs_business(server: Any) -> None:
    # TensorFlow Serving's own first example sends a vector to a signature that declares [-1, 1].
    assert server.predict("scaler", {"instances": [1.0, 2.0, 5.0]}).json == {"predictions": [3.0, 6.0, 15.0]}
    assert server.predict("scaler", {"instances": [[1, 2, 3]]}).json == {"predictions": [[3.0, 6.0, 9.0]]}
    assert server.predict("scaler", {"inputs": 1}).json == {"outputs": 3.0}
    # An export for three rows is asked for two: an operation that cannot do it says so, and the others answer.
    assert server.predict("fixed", {"instances": [1, 2]}).json == {"predictions": [2.0, 4.0]}
    refused = server.predict("fixed", {"signature_name": "matrix", "instances": [[1], [2]]})
    assert refused.status == 400 and "\n" not in refused.error


@pytest.mark.parametrize(
    ("dtype", "sent", "answered"),
    [
        ("float32", "[1435774380, 16777217, -16777217]", "[1435774336.0,16777216.0,-16777216.0]"),
        ("float32", "[1e39, -1e39, 3.5e38]", "[Infinity,-Infinity,Infinity]"),
        ("float32", "[18446744073709551616]", "[18446744073709552000.0]"),
        ("float64", "[9007199254740993, 1435774380]", "[9007199254740992.0,1435774380.0]"),
    ],
)
def test_numbers_are_rounded_to_the_floating_type(server: Any, dtype: str, sent: str, answered: str) -> None:
    kind, found = np.dtype(dtype).type, echo(server, dtype, sent)
    assert found.status == 200, found.body
    assert list(map(kind, found.json["outputs"])) == list(map(kind, json.loads(answered)))


def test_an_answer_may_have_no_rows(server: Any) -> None:
    answer = server.predict("echoes", {"signature_name": "nothing", "instances": [1, 2]})
    assert (answer.status, answer.json) == (200, {"predictions": []})

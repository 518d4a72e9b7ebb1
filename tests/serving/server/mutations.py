"""Requests that are nearly right: valid ones with a few things broken, the same for the same seed."""

import base64
import gzip
import json
import random
from dataclasses import dataclass
from typing import Any

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0" + bytes(40)).decode()
GIF = base64.b64encode(b"GIF89a\x08\0\x08\0\x80\0\0" + bytes(30)).decode()
ROW = {"text": "a", "big": 2**53, "flag": True, "pixels": [1, 2, 3]}
VALID: list[tuple[str, Any]] = [
    ("scaler:predict", {"instances": [[1.0, 2.5], [-3e5, 4]]}),
    ("scaler/versions/1:predict", {"signature_name": "serving_default", "inputs": {"x": [[1, 2]]}}),
    ("scaler:predict", {"signature_name": "any_length", "instances": [{"x": 1}, {"x": 2}]}),
    ("mixed:predict", {"instances": [ROW, ROW]}),
    ("mixed:predict", {"inputs": {"text": ["ä", {"b64": "/w=="}], "big": [1, 2], "flag": [True, False],
                                  "pixels": [[1, 2, 3], [4, 5, 255]]}}),
    ("echoes:predict", {"signature_name": "echo_float64", "inputs": [[[1.5, -0.0]], [[1e300, 2]]]}),
    ("echoes:predict", {"signature_name": "echo_int64", "instances": [2**63 - 1, -(2**63)]}),
    ("echoes:predict", {"signature_name": "echo_string", "inputs": [["ab", "\\\"\u2028\U0001f600"], ["", "\0"]]}),
    ("echoes:predict", {"signature_name": "decode", "instances": [{"b64": PNG}, {"image_bytes": {"b64": GIF}}]}),
    ("echoes:predict", {"signature_name": "gather", "instances": [0, 1, 2]}),
    ("scaler:classify", {"examples": [{"x": 1}], "context": {}}),
]  # fmt: skip
TOKENS = [
    b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b'{"b64":"_"}', b'{"b64":1}', b'"', b"\\",
    b"\\u", b"\\ud800",
    b"/*", b",", b":", b"[[", b"}}", b"1e999", b"-0", b"00", b"0x1", b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
    b"\xef\xbb\xbf", "\u2028".encode(), b"9" * 30, b"9" * 400, b"9" * 5000, b"1." + b"0" * 5000, b"1e-" + b"9" * 50,
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 2**24, 2**63, 2**64, 10**400, 1e308, "", "x", [], {}, [[]], [[], 1],
    {"b64": ""}, {"b64": "="},
    {"x": 1}, [None], float("nan"), float("inf"), "\ud800", ["a"] * 50, {"b64": "A" * 1001}, {"": {}},
]  # fmt: skip
HEADERS = [
    b"Content-Type: text/html", b"Content-Type: \xff\xfe", b"Expect: 100-continue",
    b"Expect: something", b"Upgrade: websocket",
    b"Connection: Upgrade, HTTP2-Settings", b"X: " + b"y" * 60_000, b"X: " + b"y" * 1_000_000,
    b"X:" * 30_000, b"Cookie: \x01",
    b"\x00: 1", b" folded: 1", b"Host: other", b"Host: [::", b"X-Forwarded-For: ,,\xe9", b"X-Forwarded-Proto: x",
    b"Content-Length: 0", b"Content-Length: 99999999999999999999",
    b"Content-Length: " + b"9" * 5000, b"Content-Length: -1",
    b"Content-Length: \xb2", b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, chunked",
    b"Content-Encoding: br",
    b"Content-Encoding: GZIP, gzip", b"Range: bytes=0-1", b"Accept: */*;q=x",
]  # fmt: skip
TARGETS = [
    b"/v1/models/scaler", b"/v1/models/nobody:predict", b"/v1/models/scaler/versions/99999999999999999999:predict",
    b"/v1/models/%00:predict", b"/v1/models/%ff%fe:predict", b"/v1/models/scaler:predict?x=" + b"y" * 5000,
    b"/v1/" + b"a/" * 20_000, b"/v1/models/scaler/labels/%0a:predict", b"*",
    b"http://x/v1/models/scaler", b"/v1/../v1/models",
    b"/v1/models//:predict", b"\xff", b"/v1/models/<script>:predict",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What is sent: its bytes, and whether the server may wait for more, so that the client must end it."""

    data: bytes
    is_unfinished: bool


def make_request(seed: int) -> Request:
    """Makes a request of which a few things are wrong, or none."""
    rng = random.Random(seed)
    path, document = rng.choice(VALID)
    body = json.dumps(swap_values(rng, document) if rng.random() < 0.5 else document).encode("utf-8")
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        body = rng.choice(MUTATIONS)(rng, body)
    return rng.choice(FORMS)(rng, f"/v1/models/{path}".encode(), body)


def swap_values(rng: random.Random, value: Any) -> Any:
    """Puts an odd value in place of some part."""
    if rng.random() < 0.2:
        return rng.choice(ODD_VALUES)
    if isinstance(value, list) and value:
        index = rng.randrange(len(value))
        return [*value[:index], swap_values(rng, value[index]), *value[index + rng.choice([0, 1, 1]) :]]
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        return value | {rng.choice([key, key, "b64"]): swap_values(rng, value[key])}
    return rng.choice(ODD_VALUES)


def flip(rng: random.Random, body: bytes) -> bytes:
    """Changes some bits."""
    changed = bytearray(body)
    for _ in range(min(len(body), rng.choice([1, 1, 3]))):
        changed[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, body: bytes) -> bytes:
    """Leaves out the end or a part."""
    start, end = sorted(rng.randrange(len(body) + 1) for _ in range(2))
    return body[:start] + rng.choice([b"", body[end:]])


def repeat(rng: random.Random, body: bytes) -> bytes:
    """Says a part several times."""
    start, end = sorted(rng.randrange(len(body) + 1) for _ in range(2))
    return body[:end] + body[start:end] * rng.choice([1, 2, 50]) + body[end:]


def insert(rng: random.Random, body: bytes) -> bytes:
    """Puts a token somewhere."""
    place = rng.randrange(len(body) + 1)
    return body[:place] + rng.choice(TOKENS) + body[place:]


def nest(rng: random.Random, body: bytes) -> bytes:
    """Puts a value into lists or objects, deep."""
    depth = rng.choice([1, 3, 70, 254, 300, 5000])
    place = body.find(b"[") if rng.random() < 0.7 else rng.randrange(len(body) + 1)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}"), (b"[", b""), (b"", b"]")])
    return body[: max(place, 0)] + opening * depth + body[max(place, 0) :].rstrip(b"}") + closing * depth + b"}"


def double_keys(rng: random.Random, body: bytes) -> bytes:
    """Says a key twice, with another value first."""
    key = rng.choice([b'"instances"', b'"inputs"', b'"signature_name"', b'"b64"'])
    return body.replace(key, key + b":" + rng.choice(TOKENS) + b"," + key)


MUTATIONS = [flip, cut, repeat, insert, insert, nest, double_keys]


def head(path: bytes, *headers: bytes, method: bytes = b"POST", version: bytes = b"HTTP/1.1") -> bytes:
    """Writes a request's head; the last request of a connection."""
    return b"\r\n".join([b" ".join([method, path, version]), b"Host: x", *headers, b"Connection: close", b"", b""])


def plain(rng: random.Random, path: bytes, body: bytes) -> Request:
    """As most clients send it."""
    return Request(head(path, b"Content-Length: %d" % len(body)) + body, False)


def old(rng: random.Random, path: bytes, body: bytes) -> Request:
    """HTTP/1.0, or a version that is none."""
    version = rng.choice([b"HTTP/1.0", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/x"])
    return Request(head(path, b"Content-Length: %d" % len(body), version=version) + body, False)


def odd_header(rng: random.Random, path: bytes, body: bytes) -> Request:
    """With a header that is strange."""
    return Request(head(path, rng.choice(HEADERS), b"Content-Length: %d" % len(body)) + body, True)


def odd_target(rng: random.Random, path: bytes, body: bytes) -> Request:
    """With another method or path."""
    method = rng.choice([b"GET", b"PUT", b"OPTIONS", b"DELETE", b"get", b"P" * 5000, b"\0"])
    path, method = rng.choice([(path, method), (rng.choice(TARGETS), b"POST"), (rng.choice(TARGETS), b"GET")])
    return Request(head(path, b"Content-Length: %d" % len(body), method=method) + body, False)


def wrong_length(rng: random.Random, path: bytes, body: bytes) -> Request:
    """With a length that is not the body's."""
    return Request(head(path, b"Content-Length: %d" % max(0, len(body) + rng.choice([-5, -1, 1, 1000]))) + body, True)


def compressed(rng: random.Random, path: bytes, body: bytes) -> Request:
    """As gzip of one or two members, often damaged, or only said to be gzip."""
    half = len(body) // 2
    data = rng.choice([gzip.compress(body, mtime=0), gzip.compress(body[:half]) + gzip.compress(body[half:]), body])
    data = rng.choice(MUTATIONS[:4])(rng, data) if rng.random() < 0.6 else data
    return Request(head(path, b"Content-Encoding: gzip", b"Content-Length: %d" % len(data)) + data, False)


def chunked(rng: random.Random, path: bytes, body: bytes) -> Request:
    """In chunks, sometimes damaged ones."""
    size = rng.choice([1, 7, 1000])
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    data = b"".join(b"%x%s\r\n%s\r\n" % (len(part), rng.choice([b"", b";a=b"]), part) for part in parts) + b"0\r\n\r\n"
    data = rng.choice([data, data, flip(rng, data), cut(rng, data), b"f" * 30 + b"\r\n" + data, b"-1\r\n" + data])
    return Request(head(path, b"Transfer-Encoding: chunked") + data, True)


def pipelined(rng: random.Random, path: bytes, body: bytes) -> Request:
    """Behind other requests on the same connection."""
    first = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, len(body)) + body
    return Request(first * rng.choice([1, 5]) + plain(rng, path, body).data, False)


FORMS = [plain, plain, plain, plain, old, odd_header, odd_target, wrong_length, compressed, chunked, pipelined]

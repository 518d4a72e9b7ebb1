"""The request body: read within its limit, inflated within its limit, and both within what all bodies share."""

import zlib

from starlette.requests import Request

from serving.server.admission import BodyShare
from serving.server.errors import RequestError, invalid_argument, too_large
from serving.server.limits import MEBIBYTE, Limits

# A body of a screen or a few hundred numbers is parsed in less time than a thread takes to begin.
_SMALL_BODY_BYTES = 16 * 1024
_MAX_SMALL_VALUES = 1000
# A body that is longer when inflated takes long to parse, and much memory.
LARGE_BODY_BYTES = MEBIBYTE

# zlib's window bits for "a gzip header and nothing else".
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS
# Deflate makes at most so much of a byte. Source: https://zlib.net/zlib_tech.html, "Maximum Compression Factor".
_MOST_INFLATED_BYTES_PER_BYTE = 1032
# What follows a gzip member is copied when the member ends: given piece by piece, many members are not copied as often.
_PIECE_BYTES = 4096


async def read_body(request: Request, limits: Limits, share: BodyShare) -> bytes:
    """Reads the body as sent.

    Raises:
        RequestError: 413, it is longer than `limits.max_body_bytes`, by its head or by its bytes; 503, all bodies
            together are too long.
        starlette.requests.ClientDisconnect: The client left before the end.
    """
    # Compared by length first: Python refuses to read integers of thousands of digits.
    declared = request.headers.get("content-length", "").lstrip("0")
    most = str(limits.max_body_bytes)
    if declared.isdecimal() and (len(declared) > len(most) or int(declared) > limits.max_body_bytes):
        raise _too_large("Request body", limits.max_body_bytes)
    body = bytearray()
    async for chunk in request.stream():
        share.add(len(chunk))
        body += chunk
        if len(body) > limits.max_body_bytes:
            raise _too_large("Request body", limits.max_body_bytes)
    return bytes(body)


def is_gzip(request: Request) -> bool:
    """Tells whether the client says that the body is compressed; TensorFlow Serving looks for the word anywhere."""
    return "gzip" in request.headers.get("content-encoding", "").lower()


def is_small(body: bytes, is_compressed: bool) -> bool:
    """Tells whether a body is read more quickly than it is handed to a thread."""
    if is_compressed or len(body) > _SMALL_BODY_BYTES:
        return False
    # Many values cost more than their bytes, most of all where one of them is wrong.
    return body.count(b",") + body.count(b"[") + body.count(b"{") <= _MAX_SMALL_VALUES


def may_be_large(body: bytes, is_compressed: bool) -> bool:
    """Tells whether a body, inflated if it is compressed, may be longer than `LARGE_BODY_BYTES`."""
    return len(body) * (_MOST_INFLATED_BYTES_PER_BYTE if is_compressed else 1) > LARGE_BODY_BYTES


def inflate(body: bytes, limits: Limits, share: BodyShare) -> bytes:
    """Inflates a gzip body of one or more members.

    Raises:
        RequestError: 400, not gzip or truncated; 413, longer than `limits.max_inflated_bytes` when inflated; 503, all
            bodies together are too long.
    """
    inflated = bytearray()
    member = None
    try:
        for start in range(0, len(body), _PIECE_BYTES):
            rest = body[start : start + _PIECE_BYTES]
            while rest:
                member = member or zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
                # One byte more than there is room for tells "exactly full" from "too large".
                part = member.decompress(rest, limits.max_inflated_bytes - len(inflated) + 1)
                share.add(len(part))
                inflated += part
                if len(inflated) > limits.max_inflated_bytes:
                    raise _too_large("Inflated request body", limits.max_inflated_bytes)
                rest = member.unused_data
                member = None if member.eof else member
    except zlib.error:
        raise invalid_argument("The request body is not valid gzip data") from None
    if member is not None:
        raise invalid_argument("The request body is not complete gzip data")
    return bytes(inflated)


def _too_large(what: str, limit: int) -> RequestError:
    """Returns the 413 for a body over its limit."""
    return too_large(f"{what} is larger than the limit of {limit} bytes")

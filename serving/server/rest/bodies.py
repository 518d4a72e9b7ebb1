"""The request body: read within its limit, inflated within its limit."""

import zlib

from starlette.requests import Request

from serving.server.errors import RequestError, invalid_argument, too_large
from serving.server.limits import Limits

# zlib's window bits for "a gzip header and nothing else".
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


async def read_body(request: Request, limits: Limits) -> bytes:
    """Reads the body as sent.

    Raises:
        RequestError: 413, it is longer than `limits.max_body_bytes`, by its head or by its bytes.
        starlette.requests.ClientDisconnect: The client left before the end.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_body_bytes:
        raise _too_large("Request body", limits.max_body_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.max_body_bytes:
            raise _too_large("Request body", limits.max_body_bytes)
    return bytes(body)


def is_gzip(request: Request) -> bool:
    """Tells whether the client says that the body is compressed; TensorFlow Serving looks for the word anywhere."""
    return "gzip" in request.headers.get("content-encoding", "").lower()


def inflate(body: bytes, limits: Limits) -> bytes:
    """Inflates a gzip body of one or more members.

    Raises:
        RequestError: 400, not gzip or truncated; 413, longer than `limits.max_inflated_bytes` when inflated.
    """
    parts: list[bytes] = []
    room = limits.max_inflated_bytes
    rest = body
    try:
        while rest:
            member = zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
            # One byte more than there is room for tells "exactly full" from "too large".
            parts.append(member.decompress(rest, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise _too_large("Inflated request body", limits.max_inflated_bytes)
            if not member.eof:
                raise invalid_argument("The request body is not complete gzip data")
            rest = member.unused_data
    except zlib.error:
        raise invalid_argument("The request body is not valid gzip data") from None
    return b"".join(parts)


def _too_large(what: str, limit: int) -> RequestError:
    """Returns the 413 for a body over its limit."""
    return too_large(f"{what} is larger than the limit of {limit} bytes")

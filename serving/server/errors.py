"""Every way to fail: at the start (`ServerError`) and in a request (`RequestError`); TensorFlow's codes as HTTP's."""

import re
import traceback
from http import HTTPStatus

import tensorflow as tf

# Source: ToHTTPStatusCode in TensorFlow Serving's http_server.cc, by TensorFlow's numeric status code.
_HTTP_STATUS_BY_TENSORFLOW_CODE = {
    tf.errors.CANCELLED: 499,
    tf.errors.UNKNOWN: 500,
    tf.errors.INVALID_ARGUMENT: 400,
    tf.errors.DEADLINE_EXCEEDED: 504,
    tf.errors.NOT_FOUND: 404,
    tf.errors.ALREADY_EXISTS: 409,
    tf.errors.PERMISSION_DENIED: 403,
    tf.errors.RESOURCE_EXHAUSTED: 429,
    tf.errors.FAILED_PRECONDITION: 400,
    tf.errors.ABORTED: 409,
    tf.errors.OUT_OF_RANGE: 400,
    tf.errors.UNIMPLEMENTED: 501,
    tf.errors.INTERNAL: 500,
    tf.errors.UNAVAILABLE: 503,
    tf.errors.DATA_LOSS: 500,
    tf.errors.UNAUTHENTICATED: 401,
}

_CODE_NAMES = {
    getattr(tf.errors, name): name
    for name in dir(tf.errors)
    if name.isupper() and isinstance(getattr(tf.errors, name), int)
}

_MAX_MESSAGE_CHARACTERS = 1000
# An operation may quote its input, and the patterns below take time by the square of what they search.
_MAX_SEARCHED_CHARACTERS = 4 * _MAX_MESSAGE_CHARACTERS
# In these, all white space has become single spaces.
_NODE_REFERENCES = re.compile(r" ?\[\[.*?\]\]")
# Several operations failed at once: "2 root error(s) found. (0) INVALID_ARGUMENT: … (1) … 0 successful operations. …"
_FIRST_OF_SEVERAL = re.compile(
    r"root error\(s\) found\. \(0\) [A-Za-z_ ]+: (.*?) ?(?:\(1\) |\d{1,9} successful operations)"
)


class ServerError(Exception):
    """The server cannot start; its text is one clear line for the person who started it."""


class RequestError(Exception):
    """One request cannot be answered as asked.

    Attributes:
        code: TensorFlow's numeric status code, which is gRPC's as well, such as `tf.errors.NOT_FOUND`.
        status: HTTP status code.
        message: One line for the client.
    """

    def __init__(self, code: int, message: str, status: int | None = None) -> None:
        """Keeps the code and the message, brought to one line of bounded length.

        Args:
            code: TensorFlow's status code.
            message: What the client is told.
            status: HTTP's status code, where it is not the one that TensorFlow Serving answers for the code.
        """
        self.code = code
        self.status = int(status or _HTTP_STATUS_BY_TENSORFLOW_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR))
        self.message = one_line(message)
        super().__init__(self.message)


def invalid_argument(message: str) -> RequestError:
    """Returns the error for a request that does not say what it must: HTTP 400."""
    return RequestError(tf.errors.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """Returns the error for a model or version that is not there: HTTP 404."""
    return RequestError(tf.errors.NOT_FOUND, message)


def unimplemented(message: str) -> RequestError:
    """Returns the error for what this server does not do: HTTP 501."""
    return RequestError(tf.errors.UNIMPLEMENTED, message)


def too_large(message: str) -> RequestError:
    """Returns the error for a request over a limit of size: HTTP 413, where TensorFlow's code alone would give 429."""
    return RequestError(tf.errors.RESOURCE_EXHAUSTED, message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def deadline_exceeded(message: str) -> RequestError:
    """Returns the error for a request that was not answered in time: HTTP 504."""
    return RequestError(tf.errors.DEADLINE_EXCEEDED, message)


def unavailable(message: str) -> RequestError:
    """Returns the error for a server that cannot answer now and may soon: HTTP 503."""
    return RequestError(tf.errors.UNAVAILABLE, message)


def code_name(code: int) -> str:
    """Returns the name of a TensorFlow status code, such as `NOT_FOUND`."""
    return _CODE_NAMES.get(code, "UNKNOWN")


def one_line(message: str) -> str:
    """Returns the message with all white space runs as single spaces, cut to a readable length."""
    line = " ".join(message.split())
    return line if len(line) <= _MAX_MESSAGE_CHARACTERS else line[: _MAX_MESSAGE_CHARACTERS - 1] + "…"


def forget_frames(error: RequestError) -> None:
    """Lets go of what an error keeps alive, such as the request's document, which may be a hundred times its message.

    An error holds the frames it came through, and one of them holds the error: together they would stay until the
    garbage collector looks at its oldest objects, which may be never.
    """
    traceback.clear_frames(error.__traceback__)
    error.__context__ = error.__cause__ = None


def request_error_from_tensorflow(error: tf.errors.OpError) -> RequestError:
    """Returns the answer for an error that came out of a session run.

    Args:
        error: The error as `Session.run` raised it.

    Returns:
        TensorFlow's own status code, and what the operation said, without the graph's node names.
    """
    return RequestError(error.error_code, operation_message(error))


def operation_message(error: tf.errors.OpError) -> str:
    """Returns in one line what the failing operation itself said.

    `Session.run` raises a copy of the runtime's error to which it has added a preamble and the Python frames that built
    the graph; the runtime's own error is the context of the copy.
    """
    original = error.__context__ if isinstance(error.__context__, tf.errors.OpError) else error
    text = " ".join(str(original.message)[:_MAX_SEARCHED_CHARACTERS].split())
    several = _FIRST_OF_SEVERAL.search(text)
    text = several.group(1) if several else text
    return one_line(_NODE_REFERENCES.sub("", text)) or type(error).__name__

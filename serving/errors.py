"""What a client of a model server is told when it gets no answer: one kind of error for each thing to do about it."""

import json
from email.message import Message
from http import HTTPStatus

_MAX_PAGE_CHARACTERS = 200


class ServingError(RuntimeError):
    """The server was not to be reached, refused, or did not answer as a model server does; the message is one line."""


class ServerUnavailableError(ServingError):
    """The server cannot be reached, or has no room for the request; it may have later.

    Attributes:
        retry_after_seconds: what the server said to wait before the next attempt; 0 where it said nothing.
    """

    def __init__(self, message: str, retry_after_seconds: float = 0.0) -> None:
        """Keeps how long the server asks to wait."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RequestRefusedError(ServingError):
    """The server will not answer such a request, however often it is sent.

    Attributes:
        status: HTTP status code.
        reason: the server's own words, in one line.
    """

    def __init__(self, message: str, status: int, reason: str) -> None:
        """Keeps what the server said."""
        super().__init__(message)
        self.status, self.reason = status, reason


class DeadlineExceededError(ServingError):
    """The answer did not come in time, by the client's patience or by the server's."""


class UnexpectedAnswerError(ServingError):
    """What answers is no model server, serves no agent, or failed within itself."""


def refusal(url: str, status: int, headers: Message, answer: bytes) -> ServingError:
    """Returns the error for an answer that is no 200.

    Args:
        url: that was asked.
        status: HTTP status code.
        headers: of the answer.
        answer: its body.
    """
    reason = _reason(answer)
    message = f"{url} answered {status}: {reason}"
    # A proxy answers 502 while the server behind it starts again.
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.BAD_GATEWAY):
        return ServerUnavailableError(message, _retry_after_seconds(headers))
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return DeadlineExceededError(message)
    if status == HTTPStatus.NOT_IMPLEMENTED or HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return RequestRefusedError(message, status, reason)
    return UnexpectedAnswerError(message)


def _reason(answer: bytes) -> str:
    text = answer.decode(errors="replace")
    try:
        return " ".join(str(json.loads(text)["error"]).split()) or "nothing"
    except (ValueError, KeyError, TypeError, RecursionError):
        return " ".join(text.split())[:_MAX_PAGE_CHARACTERS] or "nothing"


def _retry_after_seconds(headers: Message) -> float:
    """Reads `Retry-After` in seconds; its other form, a date, is passed over."""
    text = str(headers.get("Retry-After", "")).strip()
    return float(text) if text.isascii() and text.isdecimal() else 0.0

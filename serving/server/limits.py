"""The server's safety limits, thread counts and batches, with units and defaults."""

import os
from dataclasses import dataclass, field, fields, replace

MEBIBYTE = 1024 * 1024

# TensorFlow's highest rank is 254; around those lists stand the request object, the instance's object and {"b64": …}.
MAX_USEFUL_JSON_DEPTH = 254 + 3

# Fields where zero means "TensorFlow decides".
_MAY_BE_ZERO = frozenset({"intra_op_threads", "inter_op_threads"})


@dataclass(frozen=True)
class Limits:
    """What one server accepts and how many threads it uses.

    Attributes:
        max_body_bytes: Largest request body as sent, in bytes; beyond it 413.
        max_inflated_bytes: Largest gzip body after inflating, in bytes (100 MiB as in TensorFlow Serving); beyond
            it 413.
        max_json_depth: Deepest nesting of lists and objects, in levels, checked before parsing; beyond it 400.
        max_json_containers: Most lists and objects in one body. Python holds each in up to 250 bytes, so this bounds
            what a small gzip body can make of itself in memory; beyond it 413.
        max_json_values: Most values in one body, counted by the commas between them: a screen of 210 by 160 is 100,800.
            Python holds each in up to 60 bytes; beyond it 413.
        max_bodies_bytes: Most bytes that the bodies of all requests under way take, as sent and inflated; beyond it
            503.
        max_connections: Most connections at once; beyond it the one that has asked nothing for longest is closed.
        head_seconds: Longest time from a connection's opening, or from a further request's first byte, to the end of
            the request's head; then the connection is closed.
        unread_seconds: Longest time an answer waits for its client to read it; then the connection is closed.
        max_queued_requests: Most requests waiting or running at once; beyond it 503.
        max_model_requests: Most of them that ask one version; the requests of one also take half of
            `max_bodies_bytes` at most. Beyond it 503.
        deadline_seconds: Longest time from a request's head to its answer, slow bodies included; beyond it 504.
        request_threads: Requests of a protocol that are read or written at the same time, but for small ones, and runs
            of a version that share no batch; the others wait their turn. Bodies of more than 1 MiB have two threads of
            their own.
        intra_op_threads: Threads inside one TensorFlow operation; 0 lets TensorFlow choose.
        inter_op_threads: Operations of a version that run side by side; 0 lets TensorFlow choose.

    Raises:
        ValueError: A limit is not positive (the two TensorFlow thread counts: negative).
    """

    max_body_bytes: int = 32 * MEBIBYTE
    max_inflated_bytes: int = 100 * MEBIBYTE
    max_json_depth: int = MAX_USEFUL_JSON_DEPTH
    max_json_containers: int = 4_000_000
    max_json_values: int = 5_000_000
    max_bodies_bytes: int = 512 * MEBIBYTE
    max_connections: int = 768
    head_seconds: float = 10.0
    unread_seconds: float = 30.0
    max_queued_requests: int = 1024
    max_model_requests: int = 256
    deadline_seconds: float = 30.0
    request_threads: int = 64
    intra_op_threads: int = 0
    inter_op_threads: int = 0

    def __post_init__(self) -> None:
        """Refuses limits that would refuse everything."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value < 0 or (value == 0 and each.name not in _MAY_BE_ZERO):
                raise ValueError(f"Limits.{each.name} must be positive, got {value}")

    def with_bodies_of(self, num_bytes: int) -> "Limits":
        """Returns limits that let in requests of a size: what they may take inflated, and together, grows along."""
        return replace(
            self,
            max_body_bytes=num_bytes,
            max_inflated_bytes=max(self.max_inflated_bytes, num_bytes),
            max_bodies_bytes=max(self.max_bodies_bytes, 2 * num_bytes),
        )


@dataclass(frozen=True)
class Batching:
    """How requests share runs; named as TensorFlow Serving's batching parameters are.

    Attributes:
        max_batch_size: Most rows that are run together; a request of more runs alone.
        batch_timeout_micros: Longest time that a batch which could begin waits for more requests, in microseconds; a
            request that comes while nothing of its signature runs never waits.
        num_batch_threads: Most batches of a version under way at the same time, over all its signatures; one of each.
            By default as many as there are processors, as in TensorFlow Serving.
        only_stated: Batch nothing but exports that state that their rows are independent; a signature whose answer to
            a row depends on the others, such as a ranking, would answer one client by another's rows.
        max_enqueued_batches: Most rows that wait for a signature, in batches of `max_batch_size`; beyond it 503.

    Raises:
        ValueError: A number is not positive (the time: negative).
    """

    max_batch_size: int = 32
    batch_timeout_micros: int = 1000
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    max_enqueued_batches: int = 8
    only_stated: bool = True

    def __post_init__(self) -> None:
        """Refuses what could not run anything."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value < 0 or (value == 0 and each.name not in ("batch_timeout_micros", "only_stated")):
                raise ValueError(f"Batching.{each.name} must be positive, got {value}")

    @property
    def max_enqueued_rows(self) -> int:
        """Most rows that wait for a signature."""
        return self.max_enqueued_batches * self.max_batch_size

    @property
    def batch_timeout_seconds(self) -> float:
        """The timeout in seconds."""
        return self.batch_timeout_micros / 1e6

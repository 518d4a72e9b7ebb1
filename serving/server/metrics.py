"""What the server counts and times while it answers, for whoever watches it."""


class Metrics:
    """Counts and times of requests, from many threads."""

    def count_request(self, model: str, status: str) -> None:
        """Counts a finished request.

        Args:
            model: The model's name.
            status: TensorFlow's name of the status code, such as `OK` or `INVALID_ARGUMENT`.
        """

    def observe_request(self, model: str, api: str, entrypoint: str, seconds: float) -> None:
        """Times a request that was answered, from its body to its answer.

        Args:
            model: The model's name.
            api: What was asked, such as `Predict`.
            entrypoint: `REST` or `GRPC`.
            seconds: Its time.
        """

    def observe_run(self, model: str, api: str, seconds: float) -> None:
        """Times the run of a request's graph, waiting for a batch included.

        Args:
            model: The model's name.
            api: What was asked, such as `Predict`.
            seconds: Its time.
        """

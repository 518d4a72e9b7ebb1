"""What keeps models from being served as they are asked to be, told once."""

import logging

logger = logging.getLogger(__name__)


class Troubles:
    """Logs each trouble when it begins, and again when it changes, however often it is noted."""

    def __init__(self) -> None:
        """Begins without any."""
        self._texts: dict[str, str] = {}

    def note(self, about: str, text: str = "") -> None:
        """Notes how something is.

        Args:
            about: What it is, such as `Model Pong`.
            text: What is wrong with it, in one line; empty where nothing is.
        """
        if text and text != self._texts.get(about):
            logger.error("%s: %s", about, text)
        self._texts[about] = text

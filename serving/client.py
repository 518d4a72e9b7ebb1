"""A small client of TensorFlow Serving's REST API for exported agents; needs no TensorFlow."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import numpy as np

DEFAULT_URL = "http://127.0.0.1:8501"
TIMEOUT_SECONDS = 30.0


class ServingError(RuntimeError):
    """The server cannot be reached, or refused the request; the message is one line."""


@dataclass(frozen=True)
class Answer:
    """What an agent made of a screenshot, with no memory of the screens before.

    Attributes:
        action: index of the most probable action.
        action_name: its name.
        probabilities: of each action by name, in the order of their indices.
        value: of the screen, in discounted clipped rewards.
        heatmap: float32 [h, w] in [0, 1].
        heatmap_peak: largest value before normalising, 0 where the map is blank.
        heatmap_status: `ok`, `all_negative` or `zero_gradient`.
        overlay: PNG of the screen under its heatmap; None where it was not asked for.
    """

    action: int
    action_name: str
    probabilities: dict[str, float]
    value: float
    heatmap: np.ndarray
    heatmap_peak: float
    heatmap_status: str
    overlay: bytes | None


class AgentClient:
    """Asks the agent of one game.

    Example:
        answer = AgentClient("http://127.0.0.1:8501", "Pong").look(Path("screenshot.png").read_bytes())
    """

    def __init__(self, url: str, game: str) -> None:
        """Fixes where to ask.

        Args:
            url: of the server, such as http://127.0.0.1:8501.
            game: the model's name, such as Qbert.
        """
        self._predict_url = f"{url.rstrip('/')}/v1/models/{game}:predict"

    def look(self, image_bytes: bytes, *, with_overlay: bool = False) -> Answer:
        """Sends one screenshot.

        Args:
            image_bytes: PNG or JPEG.
            with_overlay: ask for the overlay picture too.

        Raises:
            ServingError: the server cannot be reached, or refused.
        """
        image = {"b64": base64.b64encode(image_bytes).decode()}
        signature = "overlay" if with_overlay else "serving_default"
        answer = self.predict({"signature_name": signature, "instances": [{"image_bytes": image}]})
        try:
            return _read_answer(answer["predictions"][0], with_overlay)
        except (LookupError, TypeError, ValueError) as error:
            raise ServingError(
                f"expected an agent's answer from {self._predict_url}, got {repr(answer)[:200]}"
            ) from error

    def predict(self, body: dict[str, Any]) -> dict[str, Any]:
        """Sends a predict request as it is and returns the server's answer.

        Raises:
            ServingError: the server cannot be reached, refused, or is no model server.
        """
        data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(self._predict_url, data, headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ServingError(f"{self._predict_url} answered {error.code}: {_reason(error)}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ServingError(f"expected a model server at {self._predict_url}, got: {reason}") from error


def _read_answer(answer: dict[str, Any], with_overlay: bool) -> Answer:
    return Answer(
        action=answer["action"],
        action_name=answer["action_name"],
        probabilities=dict(zip(answer["action_names"], answer["action_probabilities"], strict=True)),
        value=answer["value"],
        heatmap=np.array(answer["heatmap"], np.float32),
        heatmap_peak=answer["heatmap_peak"],
        heatmap_status=answer["heatmap_status"],
        overlay=base64.b64decode(answer["overlay_bytes"]["b64"]) if with_overlay else None,
    )


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return " ".join(text.split())[:200] or "nothing"

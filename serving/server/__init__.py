"""An embedded server that answers TensorFlow Serving's REST API over any SavedModel.

A request travels in one direction: `listener` (socket) → `application` (admission, body, deadline) → `routes` (path)
→ `predictions` (one prediction, in order) → `documents` (bytes to JSON) → `models` (the loaded version) → `tensors`
(JSON to numpy) → the TensorFlow session, and back through `tensors`. `errors` holds every way to fail.
"""

from serving.server.errors import ServerError
from serving.server.limits import Limits
from serving.server.listener import ModelSummary, serve

__all__ = ["Limits", "ModelSummary", "ServerError", "serve"]

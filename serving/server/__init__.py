"""An embedded server that answers TensorFlow Serving's REST API over any SavedModel.

A request travels in one direction: `listener` (socket) → `rest/` (`application`: admission, body, deadline; `routes`:
path; `predictions`: one prediction, in order; `documents`: bytes to JSON; `inputs`, `tensors`: JSON to arrays) →
`models/` (`repository`: the version that answers; `loading`: the run of its graph in TensorFlow's C++ session), and
back through `rest/` (`answers`, `tensors`). `models/` knows nothing of `rest/`; `errors` holds every way to fail.
"""

from serving.server.errors import ServerError
from serving.server.limits import Limits
from serving.server.listener import ModelSummary, serve

__all__ = ["Limits", "ModelSummary", "ServerError", "serve"]

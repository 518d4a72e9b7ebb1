"""An embedded server that answers TensorFlow Serving's REST API over any SavedModel.

A request travels in one direction: `listener` (socket) → `front` → `rest/` (`application`: admission, body, deadline;
`routes`: path; `predictions`: one prediction, in order; `documents`: bytes to JSON; `inputs`, `tensors`: JSON to
arrays) → `models/` (`repository`: the version that answers; `signatures`: what it can be asked; `running`, `loading`:
the run of its graph in TensorFlow's C++ session), and back through `rest/` (`answers`, `tensors`). `backend` is what
requests of every protocol share; `models/` knows nothing of `rest/`; `errors` holds every way to fail; `metrics` is
what is counted and timed. `front` gives what is outside `/v1/` to `site/`: health, metrics, an OpenAPI document and a
page.
"""

from serving.server.errors import ServerError
from serving.server.limits import Limits
from serving.server.listener import ModelSummary, ServerSummary, serve
from serving.server.settings import Settings

__all__ = ["Limits", "ModelSummary", "ServerError", "ServerSummary", "Settings", "serve"]

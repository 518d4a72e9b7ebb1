"""An embedded server that answers TensorFlow Serving's REST and gRPC APIs over any SavedModel.

A request travels in one direction: `http_server` (socket) → `front` → `rest/` (`connections`: HTTP; `application`:
admission, deadline, body; `leaving`: clients that go; `routes`: path; `predictions`: one request, in order;
`documents`: bytes to JSON; `inputs`, `examples`, `tensors`: JSON to arrays) → `models/` (`repository`: the version that
answers; `signatures`, `examples`: what it can be asked; `runs`, `running`, `batching`, `loading`, `calls`: the run of
its graph in TensorFlow's C++ session), and back through `rest/` (`answers`, `writing`: arrays to JSON). `grpc_api/`
(`server`, `calls`, `predictions`, `tensors`, `model_service`, `health`) is for gRPC what `rest/` is for REST.

`answering` takes requests of every protocol through reading, running and writing (`arrivals`: from threads into the
event loop); `backend` is what they share (`admission`: how much is let in), `descriptions` what is said of a model;
`models/` knows nothing of how it is asked, and `managing` keeps it as the folders and the configuration have it
(`sources`, `config_files`: what is asked for; `keeping`, `warm_up`: how a version comes and goes; `repeating`: when to
look again; `troubles`, `outcomes`: what is said of it). `listener` puts everything together, starts it, and stops it
when `signals` say so. `errors` holds every way to fail; `metrics` is what is counted and timed. `front` gives what is
outside `/v1/` to `site/`: health, metrics, an OpenAPI document and a page; `rest/cross_origin` is for browsers that
show another page.
"""

from serving.server.errors import ServerError
from serving.server.limits import Batching, Limits
from serving.server.listener import serve
from serving.server.settings import Settings
from serving.server.summaries import ModelSummary, ServerSummary

__all__ = ["Batching", "Limits", "ModelSummary", "ServerError", "ServerSummary", "Settings", "serve"]

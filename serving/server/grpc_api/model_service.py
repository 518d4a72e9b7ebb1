"""ModelService: which versions there are, and a new list of models while the server runs."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.server.descriptions import describe_status
from serving.server.errors import invalid_argument
from serving.server.grpc_api.model_specs import read_model_spec
from serving.server.models.repository import ModelRepository

Reload = Callable[[Any], None]
"""Takes a ModelServerConfig message with a `model_config_list`; raises RequestError where it cannot be served."""


class ModelService:
    """Answers about the models themselves."""

    def __init__(self, repository: ModelRepository, reload: Reload) -> None:
        """Takes the models, and what serves a new list of them."""
        self._repository = repository
        self._reload = reload

    def describe(self, request: Any) -> Any:
        """Returns the status.

        Raises:
            RequestError: 400, unknown label; 404, no such model or version.
        """
        description = describe_status(self._repository, *read_model_spec(request))
        return json_format.ParseDict(description, get_model_status_pb2.GetModelStatusResponse())

    def serve(self, request: Any) -> Any:
        """Serves another list of models, and returns once it is served.

        Raises:
            RequestError: 400, it is no list of models; and whatever the models say.
        """
        config = request.config
        if config.WhichOneof("config") != "model_config_list":
            text = "ServerModelConfig type not supported by HandleReloadConfigRequest."
            raise invalid_argument(f"{text} Only ModelConfigList is currently supported")
        self._reload(config)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = tf.errors.OK
        return response

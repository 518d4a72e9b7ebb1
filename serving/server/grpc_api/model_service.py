"""ModelService: which versions there are, and a new list of models while the server runs."""

from collections.abc import Callable
from typing import Any

import grpc
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer

from serving.server.errors import invalid_argument, unimplemented
from serving.server.grpc_api.calls import answer_at_once
from serving.server.grpc_api.model_specs import read_route
from serving.server.models.repository import ModelRepository
from serving.server.rest.descriptions import describe_status

Reload = Callable[[Any], None]
"""Takes a ModelServerConfig message with a `model_config_list`; raises RequestError where it cannot be served."""


class ModelService(ModelServiceServicer):
    """Answers about the models themselves."""

    def __init__(self, repository: ModelRepository, reload: Reload | None) -> None:
        """Takes the models, and what serves a new list of them; None where the list stays as it is."""
        self._repository = repository
        self._reload = reload

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 (gRPC's name)
        """Tells the state of one version, or of all of a model."""
        return answer_at_once(context, lambda: self._describe(request))

    def HandleReloadConfigRequest(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Serves another list of models, and answers once it is served."""
        return answer_at_once(context, lambda: self._serve(request.config))

    def _describe(self, request: Any) -> Any:
        """Returns the status.

        Raises:
            RequestError: 400, unknown label; 404, no such model or version.
        """
        description = describe_status(self._repository, read_route(request, "status"))
        return json_format.ParseDict(description, get_model_status_pb2.GetModelStatusResponse())

    def _serve(self, config: Any) -> Any:
        """Serves another list of models.

        Raises:
            RequestError: 400, it is no list of models; 501, the list stays as it is; and whatever the models say.
        """
        if config.WhichOneof("config") != "model_config_list":
            text = "ServerModelConfig type not supported by HandleReloadConfigRequest."
            raise invalid_argument(f"{text} Only ModelConfigList is currently supported")
        if self._reload is None:
            raise unimplemented("This server does not take another list of models while it runs")
        self._reload(config)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = tf.errors.OK
        return response

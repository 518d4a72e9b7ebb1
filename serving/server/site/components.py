"""The schemas that many operations of the OpenAPI document share: what the contract says of any model."""

from serving.server.site.schemas import Schema

_TEXT: Schema = {"type": "string"}
_DIGITS: Schema = {"type": "string", "pattern": "^-?[0-9]+$"}
_FLAG: Schema = {"type": "boolean"}


def shared_schemas() -> dict[str, Schema]:
    """Returns the schemas by name."""
    name: Schema = {"type": "string", "description": "the signature; serving_default where it is left out"}
    examples: Schema = {"type": "array", "items": _map({}), "minItems": 1}
    version = _object(
        version=_DIGITS,
        state={"enum": ["UNKNOWN", "START", "LOADING", "AVAILABLE", "UNLOADING", "END"]},
        status=_object(error_code=_TEXT, error_message=_TEXT),
    )
    path: Schema = {"type": ["string", "null"]}
    shape: Schema = {"type": "array", "items": {"type": "integer"}}
    memory: Schema = {"type": ["object", "null"], "additionalProperties": shape}
    note: Schema = {"type": ["string", "null"], "description": "on what its heatmap is worth"}
    model = _object(name=_TEXT, version=_DIGITS, signature=_TEXT, sample=path, game=path, memory=memory, note=note)
    return {
        "Error": _object(error={"type": "string", "minLength": 1}),
        "Status": _object(model_version_status=_list(version)),
        "Metadata": _metadata(),
        "PredictRequest": {
            "type": "object",
            "properties": {"signature_name": name},
            "oneOf": [
                {"required": ["instances"], "properties": {"instances": {"type": "array", "minItems": 1}}},
                {"required": ["inputs"], "properties": {"inputs": {}}},
            ],
        },
        "PredictAnswer": {"oneOf": [_object(predictions={"type": "array"}), _object(outputs={})]},
        "ExamplesRequest": {
            "type": "object",
            "properties": {"signature_name": name, "context": _map({}), "examples": examples},
            "required": ["examples"],
        },
        "ClassifyAnswer": _object(results=_list(_list({"type": "array", "minItems": 2, "maxItems": 2}))),
        "RegressAnswer": _object(results=_list({"type": "number"})),
        "Readiness": _object(ready=_FLAG, missing=_list(_object(model=_TEXT, reason=_TEXT))),
        "Models": _object(models=_list(model)),
    }


def _metadata() -> Schema:
    """Returns how signatures are described: as the JSON form of their protocol buffers."""
    axes = _list(_object(size=_DIGITS, name=_TEXT))
    tensors = _map(_object(dtype=_TEXT, tensor_shape=_object(dim=axes, unknown_rank=_FLAG), name=_TEXT))
    signatures = _map(_object(inputs=tensors, outputs=tensors, method_name=_TEXT))
    return _object(
        model_spec=_object(name=_TEXT, signature_name=_TEXT, version=_DIGITS),
        metadata=_object(signature_def=_object(signature_def=signatures)),
    )


def _object(**properties: Schema) -> Schema:
    """Returns an object that has all of these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    """Returns a list."""
    return {"type": "array", "items": items}


def _map(values: Schema) -> Schema:
    """Returns an object with members of any name."""
    return {"type": "object", "additionalProperties": values}

"""What the server says about a model: the status of its versions, and its signatures."""

from collections.abc import Mapping
from typing import Any

from serving.server.errors import not_found
from serving.server.models.repository import ModelRepository, Version
from serving.server.models.signatures import Signature, TensorSpec


def describe_status(repository: ModelRepository, name: str, number: int | None, label: str | None) -> dict[str, Any]:
    """Returns the status of one version or of all versions, newest first; arguments as in `ModelRepository.lease`.

    Raises:
        RequestError: 400, unknown label; 404, no such model or version; 503, it is being loaded for the first time.
    """
    repository.check_loaded(name)
    number = repository.find_label(name, label) if label is not None else number
    versions = [version for version in repository.versions(name) if number in (None, version.number)]
    if not versions and number is None:
        raise not_found(f"Could not find any versions of model {name}")
    if not versions:
        raise not_found(f"Could not find version {number} of model {name}")
    return {"model_version_status": [_version_status(version) for version in versions]}


def describe_signatures(
    repository: ModelRepository, name: str, number: int | None, label: str | None
) -> dict[str, Any]:
    """Returns the inputs and outputs of all signatures of a version; arguments as in `ModelRepository.lease`.

    Raises:
        RequestError: 400, unknown label; 404, no such model or version.
    """
    with repository.lease(name, number, label) as version:
        return {
            "model_spec": {"name": version.name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": _signatures(version.signatures)}},
        }


def _version_status(version: Version) -> dict[str, Any]:
    """Returns one version's entry."""
    code, message = ("OK", "") if version.error is None else (version.error.code, version.error.message)
    return {
        "version": str(version.number),
        "state": version.state.value,
        "status": {"error_code": code, "error_message": message},
    }


def _signatures(signatures: Mapping[str, Signature]) -> dict[str, Any]:
    """Returns all signatures as the JSON form of their protocol buffers."""
    return {
        name: {
            "inputs": {key: _tensor_info(spec) for key, spec in signature.inputs.items()},
            "outputs": {key: _tensor_info(spec) for key, spec in signature.outputs.items()},
            "method_name": signature.method_name,
        }
        for name, signature in signatures.items()
    }


def _tensor_info(spec: TensorSpec) -> dict[str, Any]:
    """Returns one tensor as the JSON form of its protocol buffer, where 64-bit integers are text."""
    axes = [{"size": str(size), "name": ""} for size in spec.shape or ()]
    return {
        "dtype": spec.dtype_name,
        "tensor_shape": {"dim": axes, "unknown_rank": spec.shape is None},
        "name": spec.tensor_name,
    }

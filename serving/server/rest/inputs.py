"""A predict request's JSON object to the arrays its signature takes: row form (`instances`) or columnar (`inputs`)."""

from collections.abc import Mapping
from typing import Any

from serving.server.errors import invalid_argument
from serving.server.models.signatures import Array, TensorSpec
from serving.server.rest.documents import shown
from serving.server.rest.faults import column_fault, instances_fault
from serving.server.rest.tensors import array_from_json, is_base64_object


def read_inputs(document: dict[str, Any], specs: Mapping[str, TensorSpec]) -> tuple[dict[str, Array], bool]:
    """Returns an array per input, and whether the request is in row form.

    Args:
        document: The request, with `instances` (row form) or `inputs` (columnar form).
        specs: The signature's inputs by name.

    Raises:
        RequestError: 400, the document has no valid inputs for the signature, or the signature takes none at all.
    """
    if not specs:
        raise invalid_argument(f"Failed to get input map for signature: {document.get('signature_name') or 'DEFAULT'}")
    is_row_form = "instances" in document
    if is_row_form and "inputs" in document:
        text = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        raise invalid_argument(f"JSON Value: {shown(document)} {text}")
    if not is_row_form and "inputs" not in document:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    if is_row_form:
        arrays = _rows_to_arrays(_instances(document), specs)
    else:
        arrays = _columns_to_arrays(document["inputs"], specs)
    return arrays, is_row_form


def _instances(document: dict[str, Any]) -> list[Any]:
    """Returns the instances, at least one.

    Raises:
        RequestError: 400, they are not a list or an empty one.
    """
    instances = document["instances"]
    if type(instances) is not list:
        raise invalid_argument(f"JSON Value: {shown(document)} Excepting 'instances' to be an list/array")
    if not instances:
        raise invalid_argument(f"JSON Value: {shown(document)} No values in 'instances' array")
    return instances


def _rows_to_arrays(instances: list[Any], specs: Mapping[str, TensorSpec]) -> dict[str, Array]:
    """Returns one array [instances, …] per input.

    Raises:
        RequestError: 400, an instance has other names, another shape or another type than the signature asks.
    """
    if not _is_named(instances[0]):
        if len(specs) > 1:
            text = "instances is a plain list, but expecting list of objects as multiple input tensors required"
            raise invalid_argument(f"{text} as per tensorinfo_map")
        for index, instance in enumerate(instances):
            if _is_named(instance):
                raise invalid_argument(f"Expecting value/list but got object at item {index} of input list")
        (name,) = specs
        return {name: _stack(instances, specs[name], None)}
    _check_names(instances, specs)
    return {name: _stack([instance[name] for instance in instances], spec, name) for name, spec in specs.items()}


def _is_named(instance: Any) -> bool:
    """Tells whether an instance names its inputs: an object, but not a base64 string."""
    return type(instance) is dict and not is_base64_object(instance)


def _check_names(instances: list[Any], specs: Mapping[str, TensorSpec]) -> None:
    """Checks that every instance names exactly the signature's inputs.

    Raises:
        RequestError: 400.
    """
    for index, instance in enumerate(instances):
        if not _is_named(instance):
            raise invalid_argument(f"Expecting object but got list at item {index} of input list")
        if instance.keys() == specs.keys():
            continue
        for key in sorted(instance.keys() - specs.keys()):
            reason = f"Error: INVALID_ARGUMENT: JSON object: does not have named input: {key}"
            raise invalid_argument(f"Failed to process element: {index} key: {key} of 'instances' list. {reason}")
        raise invalid_argument(
            f"Failed to process element: {index} of 'instances' list. JSON object: {shown(instance)}"
            f" keys must be equal to: {','.join(specs)}"
        )


def _stack(values: list[Any], spec: TensorSpec, key: str | None) -> Array:
    """Returns one input's values of all instances as one array."""
    array = array_from_json(values, spec.dtype)
    if array is None:
        raise instances_fault(values, spec.dtype, key)
    return array


def _columns_to_arrays(inputs: Any, specs: Mapping[str, TensorSpec]) -> dict[str, Array]:
    """Returns one array per input of a columnar request; names the signature does not have are ignored.

    Raises:
        RequestError: 400, an input is missing or does not fit.
    """
    if not _is_named(inputs):
        if len(specs) > 1:
            text = "inputs is a plain value/list, but expecting an object as multiple input tensors required"
            raise invalid_argument(f"{text} as per tensorinfo_map")
        inputs = dict.fromkeys(specs, inputs)
    arrays = {}
    for name, spec in specs.items():
        if name not in inputs:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
        array = array_from_json(inputs[name], spec.dtype)
        if array is None:
            raise column_fault(inputs[name], spec.dtype)
        arrays[name] = array
    return arrays

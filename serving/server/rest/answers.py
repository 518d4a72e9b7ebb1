"""The arrays a signature gave to the JSON answer: rows under `predictions`, columns under `outputs`."""

from collections.abc import Mapping
from typing import Any

from serving.server.errors import invalid_argument
from serving.server.models.signatures import Array, TensorSpec
from serving.server.rest.tensors import NUMPY_DTYPES
from serving.server.rest.writing import written

# Strings of an output with such a name are bytes, and written in base64.
BYTES_SUFFIX = "_bytes"


def row_answer(arrays: Mapping[str, Array], specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    """Returns one value per instance: bare where there is one output, else an object.

    Args:
        arrays: The outputs by name, each with the batch as its first axis.
        specs: The signature's outputs by name.

    Raises:
        RequestError: 400, the outputs do not share a batch axis, or a dtype has no JSON form.
    """
    _check_batch(arrays)
    columns = _columns(arrays, specs)
    if len(columns) == 1:
        (rows,) = columns.values()
        return {"predictions": rows}
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]}


def columnar_answer(arrays: Mapping[str, Array], specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    """Returns whole outputs: bare where there is one, else by name.

    Args:
        arrays: The outputs by name, of any shape.
        specs: The signature's outputs by name.

    Raises:
        RequestError: 400, a dtype has no JSON form.
    """
    columns = _columns(arrays, specs)
    if len(columns) == 1:
        (column,) = columns.values()
        return {"outputs": column}
    return {"outputs": columns}


def _columns(arrays: Mapping[str, Array], specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    """Returns each output as `write_json` takes it.

    Raises:
        RequestError: 400, a dtype has no JSON form.
    """
    for name in arrays:
        if specs[name].dtype not in NUMPY_DTYPES:
            raise invalid_argument(f"Failed to write JSON value for tensor type: {specs[name].dtype}")
    return {name: written(array, name.endswith(BYTES_SUFFIX)) for name, array in arrays.items()}


def _check_batch(arrays: Mapping[str, Array]) -> None:
    """Checks that all outputs have the same batch size.

    Raises:
        RequestError: 400.
    """
    batch_size = None
    for name, array in arrays.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information")
        if batch_size not in (None, array.shape[0]):
            text = f"has inconsistent batch size: {array.shape[0]} expecting: {batch_size}"
            raise invalid_argument(f"Tensor name: {name} {text}")
        batch_size = array.shape[0]

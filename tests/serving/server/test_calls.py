"""A signature's run: two names for one tensor, an output that is an input, errors of the graph, and time that is up."""

import numpy as np
import pytest
import tensorflow as tf

from serving.server import Limits
from serving.server.errors import RequestError
from serving.server.models.loading import LoadedVersion, load_version
from serving.server.models.signatures import Signature, TensorSpec, find_signature


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> LoadedVersion:
    """A graph that doubles, with signatures that name its tensors in unusual ways."""
    folder = tmp_path_factory.mktemp("graph") / "1"
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
        tensors = {"x": x, "y": 2 * x, "word": tf.strings.as_string(x[0])}
        tensors["checked"] = tf.debugging.check_numerics(x, "expected a number")
        rounds = tf.while_loop(lambda i, _: i < 10**9, lambda i, m: (i + 1, m @ m), (0, tf.eye(200)))
        tensors["endless"] = x + rounds[1][0, 0]
        tensors["sparse"] = tf.sparse.from_dense(x)
        info = {name: tf.compat.v1.saved_model.build_tensor_info(tensor) for name, tensor in tensors.items()}

        def signature(inputs: dict[str, str], outputs: dict[str, str]) -> object:
            given, made = ({name: info[tensor] for name, tensor in names.items()} for names in (inputs, outputs))
            return tf.compat.v1.saved_model.build_signature_def(given, made, "tensorflow/serving/predict")

        one = {"x": "x"}
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "twice": signature({"a": "x", "b": "x"}, {"y": "y", "z": "y", "same": "x"}),
                "same": signature(one, {"same": "x"}),
                "word": signature(one, {"word": "word"}),
                "checked": signature(one, {"y": "checked"}),
                "endless": signature(one, {"y": "endless"}),
                "sparse": signature(one, {"y": "sparse"}),
            },
        )
        builder.save()
    return load_version("graph", 1, folder, Limits(deadline_seconds=0.5))


def run(version: LoadedVersion, name: str, *values: float, inputs: tuple[str, ...] = ("x",)) -> dict[str, object]:
    """Runs a signature on the same numbers for every input."""
    outputs = version.run(version.signatures[name], {key: np.array(values, np.float32) for key in inputs})
    return {key: array.tolist() for key, array in outputs.items()}


def test_names_that_share_a_tensor(version: LoadedVersion) -> None:
    found = run(version, "twice", 1.0, 2.0, inputs=("a", "b"))
    assert found == {"same": [1.0, 2.0], "y": [2.0, 4.0], "z": [2.0, 4.0]}


def test_an_output_that_is_an_input(version: LoadedVersion) -> None:
    assert run(version, "same", 3.0) == {"same": [3.0]}


def test_a_string_that_is_no_vector(version: LoadedVersion) -> None:
    assert run(version, "word", 1.5) == {"word": b"1.500000"}


def test_what_the_graph_says_is_what_the_client_is_told(version: LoadedVersion) -> None:
    with pytest.raises(RequestError, match=r"^expected a number : Tensor had NaN values$") as error:
        run(version, "checked", float("nan"))
    assert error.value.status == 400


def test_a_run_without_end_is_stopped(version: LoadedVersion) -> None:
    with pytest.raises(RequestError) as error:
        run(version, "endless", 1.0)
    assert error.value.status == 504


def test_an_output_that_is_not_dense_is_refused_by_tensorflow_itself(version: LoadedVersion) -> None:
    signature = find_signature(version.signatures, "sparse")
    with pytest.raises(RequestError, match="was not found in the Graph") as error:
        version.run(signature, {"x": np.ones(1, np.float32)})
    assert error.value.status == 400


def test_a_tensor_that_the_graph_does_not_have(version: LoadedVersion) -> None:
    missing = Signature({"x": TensorSpec("DT_FLOAT", None, "x:0")}, {"y": TensorSpec("DT_FLOAT", None, "no:0")}, "")
    with pytest.raises(RequestError, match="no:0"):
        version.run(missing, {"x": np.zeros(1, np.float32)})

"""Models that agents are not like: an input with a default, a signature without inputs, variables as outputs.

`python tests/serving/contract/unusual_models.py FOLDER` writes them for the real server.
"""

import sys
from pathlib import Path

import tensorflow as tf


class Unusual(tf.Module):
    """A signature with a default, and one that takes nothing."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x"), tf.TensorSpec([], tf.float32, "factor")])
    def scale(self, x: tf.Tensor, factor: tf.Tensor = tf.constant(2.0)) -> dict[str, tf.Tensor]:  # noqa: B008
        """Multiplies by two, unless told otherwise."""
        return {"y": factor * x}

    @tf.function(input_signature=[])
    def version(self) -> dict[str, tf.Tensor]:
        """Says the same each time."""
        return {"number": tf.constant([7], tf.int64), "name": tf.constant("unusual")}


def write_reference_model(folder: Path) -> None:
    """Writes a model whose outputs are variables of TensorFlow 1 themselves, which are references to a tensor."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], "x")
        variables = {
            name: tf.compat.v1.get_variable(name, initializer=values, use_resource=False)._variable
            for name, values in (("weights", [0.5, 1.5]), ("counts", [3, 4]))
        }
        session.run(tf.compat.v1.global_variables_initializer())
        outputs = {**variables, "y": 2 * x}
        info = {name: tf.compat.v1.saved_model.build_tensor_info(tensor) for name, tensor in outputs.items()}
        assert info["weights"].dtype == tf.float32._as_ref.as_datatype_enum
        given = {"x": tf.compat.v1.saved_model.build_tensor_info(x)}
        signature = tf.compat.v1.saved_model.build_signature_def(given, info, "tensorflow/serving/predict")
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


def write_unusual_models(folder: Path) -> None:
    """Writes all of them as `FOLDER/NAME/1`, and the configuration that serves them from `/models`."""
    module = Unusual()
    signatures = {"serving_default": module.scale, "version": module.version}
    tf.saved_model.save(module, str(folder / "unusual" / "1"), signatures=signatures)
    write_reference_model(folder / "reference" / "1")
    entries = (
        f'config {{ name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow" }}'
        for name in ("unusual", "reference")
    )
    (folder / "models.config").write_text("model_config_list {\n" + "\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    write_unusual_models(Path(sys.argv[1]))

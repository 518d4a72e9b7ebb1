"""Small SavedModels for the server's tests."""

import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

_N = [None]


def spec(dtype: tf.DType, name: str, shape: list[int | None] | None = None) -> tf.TensorSpec:
    """Returns an input of a signature, by default a vector."""
    return tf.TensorSpec(_N if shape is None else shape, dtype, name=name)


class Scaler(tf.Module):
    """`y = factor * x`, and a signature that waits in the graph."""

    def __init__(self, factor: float) -> None:
        """Keeps the factor as a variable, so that loading has weights to restore."""
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=[spec(tf.float32, "x", [None, 2])])
    def scale(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies rows of two numbers."""
        return {"y": self.factor * x}

    @tf.function(input_signature=[spec(tf.float32, "x")])
    def any_length(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies a vector."""
        return {"y": self.factor * x}

    @tf.function(input_signature=[spec(tf.int64, "rounds")])
    def spin(self, rounds: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies small matrices as often as asked: a request that takes as long as it is told."""
        matrix = tf.while_loop(
            lambda i, _: i < rounds[0],
            lambda i, m: (i + 1, m @ m),
            (tf.constant(0, tf.int64), tf.eye(200) * rounds_one()),
        )[1]
        return {"trace": tf.reshape(tf.linalg.trace(matrix), [1]) + tf.zeros_like(rounds, tf.float32)}


def rounds_one() -> tf.Tensor:
    """Returns 1, in a form that the graph optimizer does not fold."""
    return tf.random.uniform([], 1.0, 1.0 + 1e-9)


class Mixed(tf.Module):
    """Several inputs and outputs of several dtypes."""

    @tf.function(
        input_signature=[
            spec(tf.string, "text"),
            spec(tf.int64, "big"),
            spec(tf.bool, "flag"),
            spec(tf.uint8, "pixels", [None, 3]),
        ]
    )
    def mix(self, text: tf.Tensor, big: tf.Tensor, flag: tf.Tensor, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives back what came, changed a little."""
        return {
            "shout": tf.strings.upper(text),
            "raw_bytes": tf.strings.join([text, b"\xff"]),
            "big": big + 1,
            "flag": tf.logical_not(flag),
            "pixels": 255 - pixels,
        }


DTYPES = [
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint32",
    "uint64",
    "bool",
    "string",
    "half",
]


class Echoes(tf.Module):
    """One signature per dtype that gives back its input, and signatures whose graphs fail."""

    def signatures(self) -> dict[str, object]:
        """Returns the signatures."""
        made: dict[str, object] = {}
        for dtype in DTYPES:
            made[f"echo_{dtype}"] = tf.function(
                lambda x: {"y": tf.identity(x)}, input_signature=[tf.TensorSpec(None, tf.as_dtype(dtype), name="x")]
            )
        made["uneven"] = tf.function(lambda x: {"all": x, "first": x[:1]}, input_signature=[spec(tf.float32, "x")])
        made["scalar"] = tf.function(lambda x: {"sum": tf.reduce_sum(x)}, input_signature=[spec(tf.float32, "x")])
        made["nothing"] = tf.function(lambda x: {"none": x[:0]}, input_signature=[spec(tf.float32, "x")])
        made["many"] = tf.function(
            lambda x: {"y": tf.repeat(x[:, None], 20_000, axis=1)}, input_signature=[spec(tf.float32, "x")]
        )
        made["half_out"] = tf.function(lambda x: {"y": tf.cast(x, tf.half)}, input_signature=[spec(tf.float32, "x")])
        made["decode"] = tf.function(_decode, input_signature=[spec(tf.string, "image_bytes")])
        made["gather"] = tf.function(
            lambda x: {"y": tf.gather(tf.constant([10, 20, 30], tf.int64), x)}, input_signature=[spec(tf.int32, "x")]
        )
        made["serving_default"] = made["echo_string"]
        return made


def _decode(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the screens' mean brightness."""

    def mean(encoded: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.cast(tf.io.decode_image(encoded, channels=3, expand_animations=False), tf.float32))

    return {"mean": tf.map_fn(mean, image_bytes, fn_output_signature=tf.float32)}


class Modern(tf.Module):
    """Examples as TensorFlow 2 exports them: every signature's method is named `tensorflow/serving/predict`."""

    @tf.function(input_signature=[spec(tf.string, "inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives the two numbers of an example as scores, under their indices."""
        scores = _two_numbers(inputs)
        return {"classes": tf.tile([["0", "1"]], [tf.shape(scores)[0], 1]), "scores": scores}

    @tf.function(input_signature=[spec(tf.string, "inputs")])
    def regress(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives their sum."""
        return {"outputs": tf.reduce_sum(_two_numbers(inputs), axis=1)}


def _two_numbers(examples: tf.Tensor) -> tf.Tensor:
    return tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([2], tf.float32)})["x"]


class Fixed(tf.Module):
    """Signatures that are declared for three rows."""

    @tf.function(input_signature=[spec(tf.float32, "x", [3])])
    def double(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies any number of rows."""
        return {"y": 2 * x}

    @tf.function(input_signature=[spec(tf.float32, "x", [3, 1])])
    def matrix(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies three rows with a matrix, which two rows do not fit."""
        return {"y": tf.ones([3, 3]) @ x}


def write_brightness_model(folder: Path) -> None:
    """Writes a model whose `serving_default` takes screenshots."""
    module = tf.Module()
    mean = tf.function(_decode, input_signature=[spec(tf.string, "image_bytes")])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": mean})


def write_examples_model(folder: Path) -> None:
    """Writes a model of tf.Examples with `x` (two numbers), `word` and `count`; only such a graph has these methods."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        examples = tf.compat.v1.placeholder(tf.string, [None], name="examples")
        features = tf.io.parse_example(
            examples,
            {
                "x": tf.io.FixedLenFeature([2], tf.float32, [0.0, 0.0]),
                "word": tf.io.FixedLenFeature([], tf.string, "none"),
                "count": tf.io.FixedLenFeature([], tf.int64, 0),
            },
        )
        count = tf.strings.as_string(features["count"])
        tensors = {
            "inputs": examples,
            "classes": tf.stack([features["word"], count], axis=1),
            "scores": features["x"],
            "sums": tf.reduce_sum(features["x"], axis=1),
        }
        tensors["column"] = tensors["sums"][:, None]
        tensors["three"] = tf.repeat(tensors["column"], 3, axis=1)
        tensors["doubles"] = tf.cast(tensors["scores"], tf.float64)
        tensors["first"] = tensors["scores"][:1]
        tensors["number"] = tf.compat.v1.placeholder(tf.float32, [None], name="number")
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], _example_signatures(tensors))
        builder.save()


def _example_signatures(tensors: dict[str, tf.Tensor]) -> dict[str, Any]:
    """Returns signatures that classify and regress, and some that are built wrongly."""

    def signature(method: str, outputs: dict[str, str], inputs: dict[str, str] | None = None) -> Any:
        info = {key: tf.compat.v1.saved_model.build_tensor_info(tensor) for key, tensor in tensors.items()}
        return tf.compat.v1.saved_model.build_signature_def(
            {key: info[tensor] for key, tensor in (inputs or {"inputs": "inputs"}).items()},
            {key: info[tensor] for key, tensor in outputs.items()},
            f"tensorflow/serving/{method}",
        )

    both = {"classes": "classes", "scores": "scores"}
    return {
        "serving_default": signature("classify", both),
        "classes": signature("classify", {"classes": "classes"}),
        "scores": signature("classify", {"scores": "scores"}),
        "regress": signature("regress", {"outputs": "sums"}),
        "regress_column": signature("regress", {"outputs": "column"}),
        "predict": signature("predict", both),
        "classify_two_inputs": signature("classify", both, {"inputs": "inputs", "more": "number"}),
        "classify_three_outputs": signature("classify", {**both, "more": "sums"}),
        "classify_other_input": signature("classify", both, {"examples": "inputs"}),
        "classify_other_output": signature("classify", {"labels": "classes"}),
        "classify_numbers": signature("classify", {"scores": "number"}, {"inputs": "number"}),
        "classify_flat": signature("classify", {"scores": "sums"}),
        "classify_doubles": signature("classify", {"scores": "doubles"}),
        "classify_first": signature("classify", {"scores": "first"}),
        "classify_uneven": signature("classify", {"classes": "classes", "scores": "three"}),
        "regress_two_outputs": signature("regress", both),
        "regress_other_output": signature("regress", {"values": "sums"}),
        "regress_matrix": signature("regress", {"outputs": "scores"}),
        "regress_words": signature("regress", {"outputs": "inputs"}),
    }


def write_toy_models(folder: Path) -> None:
    """Writes `scaler` (1 and 2 load, 3 is broken), `mixed`, `echoes`, `examples`, and things to ignore."""
    for version, factor in ((1, 2.0), (2, 3.0)):
        scaler = Scaler(factor)
        signatures = {"serving_default": scaler.scale, "any_length": scaler.any_length, "spin": scaler.spin}
        tf.saved_model.save(scaler, str(folder / "scaler" / str(version)), signatures=signatures)
    broken = folder / "scaler" / "3"
    shutil.copytree(folder / "scaler" / "2", broken)
    shutil.rmtree(broken / "variables")
    mixed = Mixed()
    tf.saved_model.save(mixed, str(folder / "mixed" / "7"), signatures=mixed.mix)
    echoes = Echoes()
    tf.saved_model.save(echoes, str(folder / "echoes" / "1"), signatures=echoes.signatures())
    write_examples_model(folder / "examples" / "1")
    modern, fixed = Modern(), Fixed()
    signatures = {"classify": modern.classify, "regress": modern.regress}
    tf.saved_model.save(modern, str(folder / "modern" / "1"), signatures=signatures)
    signatures = {"serving_default": fixed.double, "matrix": fixed.matrix}
    tf.saved_model.save(fixed, str(folder / "fixed" / "1"), signatures=signatures)
    (folder / "scaler" / "next").mkdir()
    (folder / "scaler" / "4").mkdir()
    (folder / "notes.txt").write_text("not a model", encoding="utf-8")

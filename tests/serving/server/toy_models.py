"""Small SavedModels for the server's tests."""

import shutil
from pathlib import Path

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


def write_brightness_model(folder: Path) -> None:
    """Writes a model whose `serving_default` takes screenshots."""
    module = tf.Module()
    mean = tf.function(_decode, input_signature=[spec(tf.string, "image_bytes")])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": mean})


def write_toy_models(folder: Path) -> None:
    """Writes `scaler` (1 and 2 load, 3 is broken), `mixed` and `echoes`, and things a server must ignore."""
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
    (folder / "scaler" / "next").mkdir()
    (folder / "scaler" / "4").mkdir()
    (folder / "notes.txt").write_text("not a model", encoding="utf-8")

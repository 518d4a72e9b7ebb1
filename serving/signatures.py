"""The four signatures of an exported agent: an encoded screenshot or a raw frame in, action and heatmap out."""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from serving.answers import NEXT_STATE, Q_VALUES, STATE
from xdrl.agent_networks import AgentNetwork
from xdrl.explainers.grad_cam import explain_feature_map, grad_cam
from xdrl.explainers.maps import MapBatch, normalise
from xdrl.explainers.subjects import aim_at, network_subject
from xdrl.pictures.overlays import overlay
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH
from xdrl.targets import ACTION, CHOSEN, CONTRAST, Target

MAX_PIXELS = 4096 * 4096
"""Of a screenshot: a small file can ask for gigabytes when it is decoded."""
_PNG_SIGNATURE, _JPEG_SIGNATURE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PNG_HEADER_BYTES = 24
_SCREEN_SHAPE = (SCREEN_HEIGHT, SCREEN_WIDTH, 3)


def build_signatures(network: AgentNetwork) -> dict[str, Callable[..., dict[str, tf.Tensor]]]:
    """Returns the signatures as compiled functions of a network.

    Args:
        network: with its weights; they must be tracked by whatever is saved.

    Returns:
        `serving_default`, `overlay`, `step` and `explain`; every input and output has a leading batch axis.
    """
    image_bytes = tf.TensorSpec([None], tf.string, "image_bytes")
    frame = tf.TensorSpec([None, *_SCREEN_SHAPE], tf.uint8, "frame")
    memory = [
        tf.TensorSpec([None, *part.shape], part.dtype, f"{STATE}{name}") for name, part in network.memory_parts.items()
    ]
    target_action = tf.TensorSpec([None], tf.int64, "target_action")

    @tf.function(input_signature=[image_bytes], autograph=False)
    def serving_default(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return _answer_screens(network, decode_screens(image_bytes))

    @tf.function(input_signature=[image_bytes], autograph=False)
    def overlay_signature(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        screens = decode_screens(image_bytes)
        answer = _answer_screens(network, screens)
        pictures = overlay(screens, answer["heatmap"], network.heatmap_box)
        return answer | {"overlay_bytes": tf.map_fn(tf.io.encode_png, pictures, fn_output_signature=tf.string)}

    @tf.function(input_signature=[frame, *memory], autograph=False)
    def step(frame: tf.Tensor, *memory: tf.Tensor) -> dict[str, tf.Tensor]:
        found = grad_cam(network_subject(network, frame, memory, Target(CHOSEN)))
        following = zip(network.memory_parts, found.outputs.memory, strict=True)
        return _answer(network, found) | {f"{NEXT_STATE}{name}": part for name, part in following}

    @tf.function(input_signature=[frame, *memory, target_action], autograph=False)
    def explain(frame: tf.Tensor, *rest: tf.Tensor) -> dict[str, tf.Tensor]:
        *seen_with, target_action = rest
        return _explain(network, frame, seen_with, target_action)

    return {"serving_default": serving_default, "overlay": overlay_signature, "step": step, "explain": explain}


def decode_screens(image_bytes: tf.Tensor) -> tf.Tensor:
    """Decodes screenshots, PNG or JPEG, and brings those of another size to 210 x 160 by area.

    Args:
        image_bytes: string [N].

    Returns:
        uint8 [N, 210, 160, 3].

    Raises:
        tf.errors.InvalidArgumentError: when run, for what is no image, or one of more than 4096 x 4096 pixels.
    """
    return tf.map_fn(_decode_screen, image_bytes, fn_output_signature=tf.TensorSpec(_SCREEN_SHAPE, tf.uint8))


def _decode_screen(image: tf.Tensor) -> tf.Tensor:
    is_png = tf.strings.substr(image, 0, len(_PNG_SIGNATURE)) == _PNG_SIGNATURE
    is_png &= tf.strings.length(image) >= _PNG_HEADER_BYTES
    is_jpeg = tf.strings.substr(image, 0, len(_JPEG_SIGNATURE)) == _JPEG_SIGNATURE
    check = tf.debugging.Assert(is_png | is_jpeg, ["expected image_bytes to be a PNG or JPEG image"])
    with tf.control_dependencies([check]):
        height, width = tf.cond(is_png, lambda: _png_size(image), lambda: _jpeg_size(image))
    # Compared one by one: the product of two hostile sizes would overflow.
    limit = tf.constant(MAX_PIXELS, tf.int64)
    is_small = (height > 0) & (width > 0) & (height <= limit // tf.maximum(width, 1))
    message = ["expected an image of at most", MAX_PIXELS, "pixels, got height and width", height, width]
    with tf.control_dependencies([tf.debugging.Assert(is_small, message)]):
        picture = tf.cond(
            is_png,
            lambda: tf.io.decode_png(image, channels=3),
            lambda: tf.io.decode_jpeg(image, channels=3),
        )
    is_screen = tf.reduce_all(tf.shape(picture) == tf.constant(_SCREEN_SHAPE))
    screen = tf.cond(is_screen, lambda: picture, lambda: _resize_by_area(picture))
    return tf.ensure_shape(screen, _SCREEN_SHAPE)


def _png_size(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads height and width from the IHDR chunk, which comes first in every PNG."""
    header = tf.cast(tf.io.decode_raw(tf.strings.substr(image, 16, 8), tf.uint8), tf.int64)
    place_values = tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    width, height = tf.reduce_sum(header[:4] * place_values), tf.reduce_sum(header[4:8] * place_values)
    return height, width


def _jpeg_size(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.cast(tf.image.extract_jpeg_shape(image), tf.int64)
    return shape[0], shape[1]


def _resize_by_area(picture: tf.Tensor) -> tf.Tensor:
    resized = tf.image.resize(picture[None], _SCREEN_SHAPE[:2], tf.image.ResizeMethod.AREA)[0]
    return tf.cast(tf.round(resized), tf.uint8)


def _answer_screens(network: AgentNetwork, screens: tf.Tensor) -> dict[str, tf.Tensor]:
    """Answers with the memory of a game that starts: a screenshot has no past."""
    memory = zero_memory(network, tf.shape(screens)[0])
    return _answer(network, grad_cam(network_subject(network, screens, memory, Target(CHOSEN))))


def zero_memory(network: AgentNetwork, count: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns the memory of games that start, in the graph; `count` is an integer scalar."""
    return tuple(tf.zeros([count, *part.shape], part.dtype) for part in network.memory_parts.values())


def _answer(network: AgentNetwork, found: MapBatch) -> dict[str, tf.Tensor]:
    logits, values = found.outputs.logits, found.outputs.values
    count = tf.shape(logits)[0]
    action = tf.argmax(logits, -1)
    names = tf.constant(network.config.action_names)
    judged = {Q_VALUES: logits} if network.config.judges_actions else {}
    return judged | {
        "action": action,
        "action_name": tf.gather(names, action),
        "action_names": tf.tile(names[None], [count, 1]),
        "action_probabilities": network.weigh_actions(logits),
        "value": values,
        "heatmap": normalise(found.maps, found.peaks),
        "heatmap_peak": found.peaks,
        "heatmap_status": found.statuses,
        "heatmap_box": tf.tile(tf.constant([network.heatmap_box], tf.float32), [count, 1]),
    }


def _explain(
    network: AgentNetwork, frame: tf.Tensor, memory: Sequence[tf.Tensor], target_action: tf.Tensor
) -> dict[str, tf.Tensor]:
    num_actions = network.config.num_actions
    is_action = tf.reduce_all((target_action >= 0) & (target_action < num_actions))
    message = ["expected target_action from 0 to", num_actions - 1, "got", target_action]
    with tf.control_dependencies([tf.debugging.Assert(is_action, message)]):
        subject = network_subject(network, frame, memory, Target(ACTION, target_action))
        feature_map = subject.extract(subject.observation)
    contrary = dataclasses.replace(subject, aim=aim_at(Target(CONTRAST, target_action)))
    found, contrast = (explain_feature_map(each, feature_map) for each in (subject, contrary))
    return {
        "heatmap": normalise(found.maps, found.peaks),
        "heatmap_peak": found.peaks,
        "contrast_heatmap": normalise(contrast.maps, contrast.peaks),
    }

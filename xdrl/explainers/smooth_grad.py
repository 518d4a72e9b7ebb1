"""SmoothGrad: the gradient averaged over noisy copies of the observation."""

from typing import Any

import tensorflow as tf

from xdrl.explainers.gradients import mean_gradients, pixel_map
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject

NUM_SAMPLES = 50
"""Above it the paper sees little improvement."""
NOISE = 0.15
"""Standard deviation of the noise, of the range of the observation's values; the paper uses 0.1 to 0.2."""
SEED = 0


def smooth_grad(subject: Subject) -> MapBatch:
    """Computes SmoothGrad, on the observation: |the mean gradient under normal noise|, largest over channels.

    The noise is drawn without a state and is the same for every observation of a batch, so that the same observation
    always gets the same map. A map is `ok` or `zero_gradient`.

    Source: Smilkov et al. 2017, section 3.
    """
    observation = subject.observation
    axes = tuple(range(1, len(observation.shape)))
    lowest, highest = (reduce(observation, axes, keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    deviation = tf.cast(NOISE * tf.cast(highest - lowest, tf.float32), observation.dtype)

    def noisy(index: Any) -> Any:
        noise = tf.random.stateless_normal(tf.shape(observation)[1:], tf.stack([SEED, index]))
        return observation + deviation * tf.cast(noise, observation.dtype)

    return pixel_map(*mean_gradients(subject, NUM_SAMPLES, noisy))

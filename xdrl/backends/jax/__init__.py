"""JAX: functions of the weights, compiled by XLA; the weights stay on the device, and nothing imports TensorFlow."""

from xdrl.backends.jax.acting import Policy, has_gpu, use_threads
from xdrl.backends.jax.gradients import GradientFunction
from xdrl.backends.jax.updates import ApplyFunction, CopyFunction

__all__ = ["ApplyFunction", "CopyFunction", "GradientFunction", "Policy", "has_gpu", "use_threads"]

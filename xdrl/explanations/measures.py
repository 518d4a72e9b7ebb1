"""Figures of single decisions: how sure the policy was, by how much the action led, and what hung on the memory."""

import numpy as np

from xdrl.agents import CHUNK, Agent
from xdrl.evaluation import Recording


def entropies(probabilities: np.ndarray) -> np.ndarray:
    """Returns the policy's entropies in nats, float32 [S, A] to [S]."""
    return -np.sum(probabilities * np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)), axis=-1)


def margins(logits: np.ndarray) -> np.ndarray:
    """Returns how far the best action's logit, or Q-value, lies above the next one's: float32 [S, A] to [S]."""
    ordered = np.sort(logits, axis=-1)
    return ordered[:, -1] - ordered[:, -2] if logits.shape[-1] > 1 else np.zeros(len(logits))


def flips_without_memory(agent: Agent, recording: Recording) -> np.ndarray:
    """Returns at which steps the most probable action would be another with a zeroed core state, bool [S]."""
    starts = range(0, len(recording.screens), CHUNK)
    actions = [agent.act(recording.screens[start : start + CHUNK]).actions for start in starts]
    return np.concatenate(actions) != recording.logits.argmax(-1)

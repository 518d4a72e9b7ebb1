"""What is explained: from the observation over a feature map to the outputs, and what is asked about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from xdrl.agent_networks import AgentNetwork, Outputs
from xdrl.explainers.targets import weigher
from xdrl.targets import CHOSEN, CONTRAST, VALUE, Target

PARALLEL_PASSES = 2
"""Passes through the network that a method runs side by side where it needs many of them."""


class Choice(NamedTuple):
    """An action, and what it is held against.

    Attributes:
        logits: outputs to the logits, float32 [N, A].
        action: float32 [N, A], one-hot.
        rivals: float32 [N, A], 1 for each action that it is held against.
    """

    logits: Callable[[Any], Any]
    action: Any
    rivals: Any


@dataclass(frozen=True)
class Goal:
    """A target, fixed at the decision that is explained: it stays the same when the observation is changed.

    Attributes:
        score: outputs to float32 [N], what speaks for the target; methods follow its gradient or its drop.
        response: outputs to float32 [N, D], whose change in any direction counts for the methods that ask only
            whether something matters.
        confidence: (outputs, outputs of the blank observation) to float32 [N]: probability of the target where it has
            one, else how far its score lies above that of the blank observation.
        choice: the action the target is about; None where it is about none.
    """

    score: Callable[[Any], Any]
    response: Callable[[Any], Any]
    confidence: Callable[[Any, Any], Any]
    choice: Choice | None = None


@dataclass(frozen=True)
class Subject:
    """N decisions to explain.

    Attributes:
        observation: float [N, H, W, C], what the decisions were made on; 0 stands for nothing to see.
        extract: observation to feature map, float [N, h, w, K].
        decide: (feature map, observation) to the outputs; the observation is for layers that go round the feature map.
        aim: outputs to the goal.
    """

    observation: Any
    extract: Callable[[Any], Any]
    decide: Callable[[Any, Any], Any]
    aim: Callable[[Any], Goal]

    def run(self, observation: Any) -> Any:
        """Returns the outputs for an observation like the subject's own."""
        return self.decide(self.extract(observation), observation)


def network_subject(
    network: AgentNetwork, screens: Any, memory: Sequence[Any], target: Target, actions: Any = None
) -> Subject:
    """Makes a subject of an agent's decisions; the memory is held fixed, so that maps are about what is seen.

    Args:
        network: whose decisions are explained.
        screens: uint8 [N, 210, 160, 3].
        memory: its parts, with which the screens are seen.
        target: what to explain.
        actions: integer [N], the actions that were chosen; None takes the most probable ones.
    """
    observation, kept = network.observe(screens, memory)
    return Subject(
        observation=observation,
        extract=network.extract,
        decide=lambda feature_map, _: network.conclude(feature_map, kept),
        aim=aim_at(target, actions, network.config.judges_actions),
    )


def aim_at(target: Target, actions: Any = None, judges_actions: bool = False) -> Callable[[Outputs], Goal]:
    """Returns the function that fixes a target at a network's outputs; arguments as in `weigher`.

    Where the agent judges actions there are no probabilities to be confident in: Q-values are scores.
    """
    weigh = weigher(target, actions)

    def aim(outputs: Outputs) -> Goal:
        logit_weights, value_weights = (tf.stop_gradient(part) for part in weigh(outputs.logits, outputs.values))

        def weighed(logits: Any, values: Any) -> Any:
            return tf.reduce_sum(logit_weights * logits, -1) + value_weights * values

        def score(outputs: Outputs) -> Any:
            return weighed(outputs.logits, outputs.values)

        def above_blank(found: Outputs, blank: Outputs) -> Any:
            return score(found) - score(blank)

        if target.kind == VALUE:
            return Goal(score, lambda found: found.values[:, None], above_blank)
        action = tf.nn.relu(logit_weights)
        rivals = tf.nn.relu(-logit_weights) if target.kind == CONTRAST else 1 - action

        def probability(found: Outputs, _: Outputs) -> Any:
            return weighed(tf.nn.softmax(found.logits), found.values)

        return Goal(
            score,
            response=lambda found: found.logits if target.kind == CHOSEN else score(found)[:, None],
            confidence=above_blank if judges_actions else probability,
            choice=Choice(lambda found: found.logits, action, rivals),
        )

    return aim

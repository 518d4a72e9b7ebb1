"""Cascading randomisation: a map that does not change when layers forget is not about what they learnt."""

from collections.abc import Iterator

import keras
import numpy as np

from xdrl.agent_networks import AgentNetwork
from xdrl.agents import Agent, build_agent_network
from xdrl.networks import arrays_to_variables, variables_to_arrays

HEADS = "heads"
FIRST_SEED = 1_000_000
"""Of fresh weights: training begins with small seeds, and an agent's own first weights would look like it."""


def layers_from_top(network: AgentNetwork) -> dict[str, list[keras.Variable]]:
    """Returns the layers' weights from the heads down to the first convolution; policy and value go together."""
    layers: dict[str, list[keras.Variable]] = {HEADS: []}
    for weight in reversed(network.weights):
        name = weight.path.split("/")[0]
        layers.setdefault(HEADS if name in network.heads else name, []).append(weight)
    return layers


def copy_agent(agent: Agent) -> Agent:
    """Returns an agent of the same architecture and weights, whose weights may change."""
    network = build_agent_network(agent.network.config)
    copy = Agent(network, agent.game, agent.provenance)
    copy_weights(agent, copy)
    return copy


def copy_weights(source: Agent, target: Agent) -> None:
    """Gives an agent the weights of another one of the same architecture."""
    arrays_to_variables(variables_to_arrays(source.network.weights), target.network.weights)


def fresh_weights(agent: Agent, seed: int) -> dict[str, np.ndarray]:
    """Returns weights with which training such an agent could have begun, by path."""
    return variables_to_arrays(build_agent_network(agent.network.config, FIRST_SEED + seed).weights)


def randomise(agent: Agent, fresh: dict[str, np.ndarray]) -> Iterator[str]:
    """Gives an agent's layers fresh weights one after the other, from the top down.

    Args:
        agent: whose weights change in place; it is untrained in the end.
        fresh: weights by path.

    Yields:
        the name of the layer that was the last to forget.
    """
    for name, weights in layers_from_top(agent.network).items():
        arrays_to_variables(fresh, weights)
        yield name

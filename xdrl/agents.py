"""An agent on disk, a run, a SavedModel or a weights file, becomes a network that acts and explains."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xdrl.agent_configs import AgentConfig
from xdrl.agent_networks import AgentNetwork
from xdrl.backends.tensorflow import compile_act, step_input_signature
from xdrl.decisions import Decision, Explanation
from xdrl.errors import UserError
from xdrl.explainers import find_method
from xdrl.explainers.maps import MapBatch, compile_method, explain_in_chunks
from xdrl.explainers.subjects import network_subject
from xdrl.games import Game
from xdrl.images import as_batch, read_images
from xdrl.memories import CoreState, Memory, first_memory
from xdrl.methods import CELLS
from xdrl.nature import build_nature
from xdrl.nature_config import NatureConfig
from xdrl.networks import arrays_to_variables, build_network
from xdrl.notebooks import cards
from xdrl.rollouts import sample_actions
from xdrl.storage.stored_agents import Provenance, describe_provenance, read_agent
from xdrl.targets import parse_target

__all__ = ["CHUNK", "Agent", "CoreState", "Decision", "Explanation", "build_agent_network", "load_agent"]

CHUNK = 64
"""Screens that are explained at once: memory stays bounded whatever the length of the episode."""


class Agent:
    """A trained network with its game.

    Example:
        agent = xdrl.load_agent("saved_models/Pong")
        decision = agent.act(screens)
        explanation = agent.explain(screens, decision.state)
    """

    def __init__(self, network: AgentNetwork, game: Game, provenance: Provenance) -> None:
        """Takes a network that has its weights."""
        self.network, self.game, self.provenance = network, game, provenance
        self._act = compile_act(network)
        self._explainers: dict[tuple[str, str, bool], Any] = {}

    @property
    def action_names(self) -> tuple[str, ...]:
        """The game's actions, in the order of the probabilities."""
        return self.network.config.action_names

    def __repr__(self) -> str:
        """Says what it plays and where it is from."""
        return f"<Agent of {self.game.name}: {self.provenance.source}, {self.provenance.agent_steps:,} agent steps>"

    def _repr_html_(self) -> str:
        facts = describe_provenance(self.network.config, self.provenance)
        return cards.draw_agent(f"Agent of {self.game.name}", [*facts, ("Actions", ", ".join(self.action_names))])

    @property
    def judges_actions(self) -> bool:
        """Whether it gives a value to each action, a Q-value, and has no policy."""
        return self.network.config.judges_actions

    @property
    def protocol_name(self) -> str:
        """The protocol that it was made for: `standard`, or where another library trained it what that one has."""
        config = self.network.config
        return config.protocol if isinstance(config, NatureConfig) else "standard"

    @property
    def is_judged_greedily(self) -> bool:
        """Whether evaluations under a library's rules take its best actions, as Stable-Baselines3's does."""
        config = self.network.config
        return not isinstance(config, NatureConfig) or config.greedy

    @property
    def is_imported(self) -> bool:
        """Whether another library trained it."""
        return isinstance(self.network.config, NatureConfig)

    def initial_state(self, num_screens: int) -> Memory:
        """Returns the memory of a game that starts: a named tuple of arrays [N, ...], all zero."""
        return first_memory(self.network.memory_parts, num_screens)

    def act(self, screens: Any, state: Memory | None = None) -> Decision:
        """Decides on N screens.

        Args:
            screens: uint8 [N, 210, 160, 3], RGB. For N = 1 one screen, an image of PIL's or the path of a picture will
                do.
            state: from the decision before; None where the games start.

        Raises:
            UserError: the screens or the state have another shape or type.
        """
        screens = _checked_screens(screens)
        state = self._checked_state(state, len(screens))
        logits, values, probabilities, memory = self._act(screens, *state)
        following = type(state)(*memory)
        names, judges = self.action_names, self.judges_actions
        return Decision(logits.argmax(-1), probabilities, logits, values, following, screens, names, judges)

    def draw_actions(self, decision: Decision, generator: np.random.Generator) -> np.ndarray:
        """Draws an action from each of N decisions as the agent is meant to, int64 [N]."""
        if not self.judges_actions:
            return sample_actions(decision.logits, generator)
        with np.errstate(divide="ignore"):  # an action of no probability is never drawn
            return sample_actions(np.log(decision.probabilities), generator)

    def explain(
        self,
        screens: Any,
        state: Memory | None = None,
        target: str = "chosen",
        method: str = "grad-cam",
        actions: np.ndarray | None = None,
    ) -> Explanation:
        """Says what on N screens spoke for a target.

        Args:
            screens: as in `act`.
            state: with which the agent saw them; None where the games start.
            target: `chosen`, `value`, `action:UP`, `contrast` or `contrast:UP`.
            method: of `xdrl.explainers.METHODS`.
            actions: integer [N], that were chosen; None takes the most probable ones.

        Raises:
            UserError: there is no such target, action or method, the method does not know such a target, or an array
                has another shape or type.
        """
        screens = _checked_screens(screens)
        state = self._checked_state(state, len(screens))
        inputs = [screens, *state]
        if actions is not None:
            if np.shape(actions) != (len(screens),):
                raise UserError(
                    f"expected {len(screens)} actions for {len(screens)} screens, got {list(np.shape(actions))}"
                )
            inputs.append(np.asarray(actions, np.int64))
        explainer = self._explainer(method, target, has_actions=actions is not None)
        found = explain_in_chunks(explainer, inputs, CHUNK)
        lies_on = find_method(method).lies_on
        box = self.network.heatmap_box if lies_on == CELLS else self.network.observation_box
        logits = found.outputs.logits
        chosen = logits.argmax(-1) if actions is None else inputs[-1]
        preferences = logits if self.judges_actions else np.asarray(self.network.weigh_actions(logits))
        names, judges = self.action_names, self.judges_actions
        asked = cards.Question(screens, chosen, preferences, names, target, method, judges)
        return Explanation(found.maps, found.peaks, found.statuses, box, asked)

    def _checked_state(self, state: Memory | None, num_screens: int) -> Memory:
        if state is None:
            return self.initial_state(num_screens)
        parts = self.network.memory_parts
        if getattr(state, "_fields", ()) != tuple(parts):
            raise UserError(f"expected a state of {', '.join(parts) or 'nothing'}, got {type(state).__name__}")
        for (name, part), array in zip(parts.items(), state, strict=True):
            shape = (num_screens, *part.shape)
            if np.shape(array) != shape:
                raise UserError(f"expected a state {name} of shape {list(shape)}, got {list(np.shape(array))}")
        return state

    def _explainer(self, method: str, target: str, has_actions: bool) -> Any:
        """Compiles a method for a target, once; without actions the graph takes the most probable ones itself."""
        key = (method, target, has_actions)
        if key not in self._explainers:
            found, parsed = find_method(method), parse_target(target, self.action_names)
            found.check(parsed)

            count = len(self.network.memory_parts)

            def run(screens: tf.Tensor, *inputs: tf.Tensor) -> MapBatch:
                memory, actions = inputs[:count], inputs[count:]
                return found.function(network_subject(self.network, screens, memory, parsed, *actions))

            chosen = (tf.TensorSpec([None], tf.int64),) if has_actions else ()
            signature = (*step_input_signature(self.network), *chosen)
            self._explainers[key] = compile_method(run, signature)
        return self._explainers[key]


def load_agent(path: str | Path) -> Agent:
    """Loads an agent.

    Args:
        path: a run's folder, a SavedModel's folder (its highest version), one version of it, or a weights file.

    Raises:
        UserError: there is no agent, or a damaged one, or Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError(f"expected Keras to run on tensorflow, got {keras.backend.backend()}, which only trains")
    stored = read_agent(Path(path))
    network = build_agent_network(stored.network)
    arrays_to_variables(stored.weights, network.weights)
    return Agent(network, stored.game, stored.provenance)


def build_agent_network(config: AgentConfig, seed: int = 0) -> AgentNetwork:
    """Builds the network of an agent, ours or an imported one, with fresh weights."""
    return build_nature(config, seed) if isinstance(config, NatureConfig) else build_network(config, seed)


def _checked_screens(images: Any) -> np.ndarray:
    given = read_images(images)
    screens = as_batch(given)
    if screens.ndim != 4 or not len(screens) or screens.shape[1:] != (210, 160, 3) or screens.dtype != np.uint8:
        raise UserError(
            f"expected screens of shape [N, 210, 160, 3] and type uint8, got {list(given.shape)} {given.dtype}"
        )
    return screens

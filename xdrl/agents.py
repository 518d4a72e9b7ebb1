"""An agent on disk, a run, a SavedModel or a weights file, becomes a network that acts and explains."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xdrl.agent_building import build_agent_network
from xdrl.agent_configs import known_background
from xdrl.agent_networks import AgentNetwork
from xdrl.asking import check_actions, check_screens, check_state
from xdrl.backends.tensorflow import compile_act, step_input_signature
from xdrl.decisions import Decision, Explanation
from xdrl.errors import UserError
from xdrl.explainers import find_method
from xdrl.explainers.maps import MapBatch, compile_method, explain_in_chunks
from xdrl.explainers.subjects import network_subject
from xdrl.games import Game
from xdrl.imported_config import ImportedConfig
from xdrl.memories import CoreState, Memory, first_memory
from xdrl.methods import CELLS, OBJECTS
from xdrl.networks import arrays_to_variables
from xdrl.notebooks import cards
from xdrl.objects.absences import Asked, weigh_objects
from xdrl.objects.effects import ScreenObjects
from xdrl.objects.maps import find_strengths, paint_strengths
from xdrl.objects.so_far import ObjectsSoFar, Seen, watch_game
from xdrl.preprocessing import crop_box
from xdrl.rollouts import sample_actions
from xdrl.storage.stored_agents import Provenance, describe_provenance, read_agent
from xdrl.targets import Target, parse_target

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
        return config.protocol if isinstance(config, ImportedConfig) else "standard"

    @property
    def is_judged_greedily(self) -> bool:
        """Whether evaluations under a library's rules take its best actions, as Stable-Baselines3's does."""
        config = self.network.config
        return not isinstance(config, ImportedConfig) or config.greedy

    @property
    def is_imported(self) -> bool:
        """Whether another library trained it."""
        return isinstance(self.network.config, ImportedConfig)

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
        screens = check_screens(screens)
        state = check_state(state, self.network.memory_parts, len(screens))
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
        seen: Sequence[Seen] | None = None,
        replayed: int = 0,
    ) -> Explanation:
        """Says what on N screens spoke for a target.

        Args:
            screens: as in `act`.
            state: with which the agent saw them; None where the games start.
            target: `chosen`, `value`, `action:UP`, `contrast` or `contrast:UP`.
            method: of `xdrl.methods.METHOD_ROWS`; for `objects` the screens are those of `weigh_objects`.
            actions: integer [N], that were chosen; None takes the most probable ones.
            seen: for `objects` alone, as in `weigh_objects`.
            replayed: the same.

        Raises:
            UserError: there is no such target, action or method, the method does not know such a target, or an array
                has another shape or type.
        """
        if method == OBJECTS:
            about = parse_target(target, self.action_names)
            found = self.weigh_objects(screens, state, actions, seen, replayed)
            return self._explain_objects(check_screens(screens), found, about, target)
        screens = check_screens(screens)
        state = check_state(state, self.network.memory_parts, len(screens))
        inputs = [screens, *state]
        if actions is not None:
            inputs.append(check_actions(actions, len(screens)))
        explainer = self._explainer(method, target, has_actions=actions is not None)
        maps = explain_in_chunks(explainer, inputs, CHUNK)
        is_on_cells = find_method(method).lies_on == CELLS
        box = self.network.heatmap_box if is_on_cells else self.network.observation_box
        chosen = maps.outputs.logits.argmax(-1) if actions is None else inputs[-1]
        asked = self._question(screens, chosen, maps.outputs.logits, target, method)
        return Explanation(maps.maps, maps.peaks, maps.statuses, box, asked)

    def watch_objects(self) -> ObjectsSoFar:
        """Begins to look for the objects of a game; `see` is then shown its screens, one after the other."""
        return ObjectsSoFar(self.game, known_background(self.network.config))

    def weigh_objects(
        self,
        screens: Any,
        state: Memory | None = None,
        actions: np.ndarray | None = None,
        seen: Sequence[Seen] | None = None,
        replayed: int = 0,
    ) -> list[ScreenObjects]:
        """Says of every object on N screens what the agent would do without it, and which are the fewest that decide.

        Args:
            screens: as in `act`. They follow on each other in one game, from its first one on: an object is what
                differs from what stood still on the screens so far, or from the background that the agent knows.
            state: as in `explain`.
            actions: as in `explain`.
            seen: what `watch_objects` saw on these screens, where those before them were seen as well.
            replayed: screens before each, as far as they are among the N, from which its objects are taken away for
                comparison: what the agent would do had they not been there for a while.

        Raises:
            UserError: an array has another shape or type.
        """
        screens = check_screens(screens)
        state = check_state(state, self.network.memory_parts, len(screens))
        chosen = None if actions is None else check_actions(actions, len(screens))
        known = watch_game(screens, self.watch_objects()) if seen is None else seen
        if len(known) != len(screens):
            raise UserError(f"expected the objects of {len(screens)} screens, got those of {len(known)}")
        asked = Asked(screens, state, known, chosen)
        return weigh_objects(self.act, asked, self.game, self.action_names, self.judges_actions, replayed)

    def _explain_objects(
        self, screens: np.ndarray, found: Sequence[ScreenObjects], about: Target, target: str
    ) -> Explanation:
        crop, strengths = self.game.crop, find_strengths(found, about)
        maps = paint_strengths(found, strengths.values, slice(crop.top, crop.bottom))
        actions, logits = np.array([item.action for item in found]), np.stack([item.logits for item in found])
        asked = self._question(screens, actions, logits, target, OBJECTS)
        return Explanation(maps, strengths.peaks, strengths.statuses, crop_box(crop), asked, found)

    def _question(
        self, screens: np.ndarray, chosen: np.ndarray, logits: np.ndarray, target: str, method: str
    ) -> cards.Question:
        preferences = logits if self.judges_actions else np.asarray(self.network.weigh_actions(logits))
        return cards.Question(screens, chosen, preferences, self.action_names, target, method, self.judges_actions)

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

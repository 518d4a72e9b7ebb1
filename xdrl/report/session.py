"""A live game: one step after the other when it is asked for one, and maps of the steps that are still kept."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.evaluation import Recording, play_steps
from xdrl.explanations.measures import flips_without_memory
from xdrl.games import Protocol
from xdrl.methods import METHOD_ROWS, OBJECTS
from xdrl.objects.edits import Edit
from xdrl.objects.effects import ScreenObjects, say_what_stays
from xdrl.objects.kinds import field_of
from xdrl.objects.so_far import Seen
from xdrl.report.contents import describe_making, describe_page, describe_steps, describe_thoughts
from xdrl.report.maps import explain_target, object_set, targets_of
from xdrl.report.packing import pack_maps, pack_object_set, pack_objects, pack_screens
from xdrl.targets import CHOSEN
from xdrl.what_if import say_what_is_kept, what_if

STEPS_KEPT = 600
"""Of a live game, behind the newest one: 40 seconds of play, 60 MB of screens."""
LIVELY_GAP, STEPS_BEFORE = 0.5, (40, 90)
"""A page opens where the gap between the likeliest and least likely action is as wide, after so many steps at least,
since a game has to get going, and so many at most."""
Wanted = list[tuple[str, str]]
"""Methods and targets whose maps are asked for."""


class Kept(NamedTuple):
    """A step that is kept: what was played, and the objects that were seen, from the screens so far."""

    played: Recording
    seen: Seen


class Session:
    """A page's game; calls from several threads take turns.

    Attributes:
        page: what the page has to know before the first step, as plain JSON values.
    """

    def __init__(self, agent: Agent, protocol: Protocol, protocol_name: str, *, is_greedy: bool, seed: int) -> None:
        """Starts a game; its first step is played when it is asked for.

        Args:
            agent: that plays.
            protocol: how the game is played.
            protocol_name: its name.
            is_greedy: take the most probable action; else draw from the policy.
            seed: of the first game and of the draws; each new game has the next one.
        """
        self._agent, self._protocol, self._is_greedy, self._seed = agent, protocol, is_greedy, seed
        self._lock = threading.Lock()
        self._begin()
        choice = "the most probable actions" if is_greedy else "actions drawn from the policy"
        facts = [("Game", f"live, {protocol_name} protocol, {choice}, first seed {seed}")]
        self.page = describe_page(agent) | {
            "subtitle": "The agent plays live, and shows what it looks at",
            "warnings": [],
            "left_out": [],
            "strong": "a strong map of this game so far",
            "made": describe_making(agent, facts),
            "methods": list(METHOD_ROWS),
            "default": {"method": next(iter(METHOD_ROWS)), "target": CHOSEN},
            "targets": targets_of(agent.action_names),
            "steps_kept": STEPS_KEPT,
            "lively_gap": LIVELY_GAP,
            "steps_before": list(STEPS_BEFORE),
            "seed": seed,
        }

    def step(self, wanted: Wanted) -> dict[str, Any]:
        """Plays one step.

        Args:
            wanted: the maps to explain it with.

        Returns:
            plain JSON values: the step's `series`, `screens` and `maps`, and whether the game `is_over` with it; of
            a game that was over before `is_over` alone. A map that cannot be computed says why it is `refused`.
        """
        with self._lock:
            played = next(self._game, None)
            if played is None:
                return {"is_over": True}
            kept = Kept(played, self._objects.see(played.screens[0]))
            self._kept.append(kept)
            self._num_steps += 1
            return {
                "is_over": played.is_over,
                "series": describe_steps(played, flips_without_memory(self._agent, played)),
                "screens": pack_screens(played.screens),
                "maps": self._explain(kept, wanted),
            }

    def maps(self, step: int, wanted: Wanted) -> dict[str, Any]:
        """Explains a step that is kept: `maps` as in `step`, none of a step that is not."""
        with self._lock:
            kept = self._find(step)
            return {"maps": self._explain(kept, wanted) if kept else []}

    def what_if(self, step: int, edits: Sequence[Edit], wanted: Wanted) -> dict[str, Any]:
        """Changes the screen of a step that is kept and asks the agent again; the game itself goes on as it was.

        Args:
            step: of the game.
            edits: the changes; of none the screen stays as it was.
            wanted: the maps of the changed screen, of the action that was taken on the one as it was.

        Returns:
            plain JSON values: `words` and what the agent `keeps`, in sentences; `thoughts` on the changed screen;
            `screens` and `maps` as in `step`; and `objects`, each with its `name` and its `box`, left, top, right and
            bottom, which is None where it is gone.

        Raises:
            UserError: the step is not kept, or a change does not fit.
        """
        with self._lock:
            kept = self._find(step)
            if kept is None:
                first = self._num_steps - len(self._kept)
                raise UserError(f"expected a step from {first} to {self._num_steps - 1}, which are kept, got {step}")
            played = kept.played
            found = what_if(self._agent, played.screens, edits, played.state, int(played.actions[0]), kept.seen)
            after, name = found.after, field_of(self._agent.game).name
            screens, values = found.changed.screen[None], after.values
            thoughts = replace(
                played, screens=screens, logits=after.logits, probabilities=after.probabilities, values=values
            )
            changed = Kept(thoughts, found.changed.seen)
            places = zip(kept.seen.objects, found.changed.places, strict=True)
            return {
                "words": found.words,
                "keeps": say_what_is_kept(self._agent.network.memory_parts),
                "thoughts": describe_thoughts(after),
                "screens": pack_screens(changed.played.screens),
                "objects": [
                    {"name": name(item.kind), "box": place and [place.left, place.top, place.right, place.bottom]}
                    for item, place in places
                ],
                "maps": self._explain(changed, wanted),
            }

    def new_game(self, seed: int | None = None) -> dict[str, Any]:
        """Starts another game, with a seed or the next one, which it returns; the one before is forgotten."""
        with self._lock:
            self._game.close()
            self._seed = self._seed + 1 if seed is None else seed
            self._begin()
            return {"seed": self._seed}

    def close(self) -> None:
        """Frees the emulator."""
        with self._lock:
            self._game.close()

    def _begin(self) -> None:
        self._game = play_steps(self._agent, self._protocol, is_greedy=self._is_greedy, seed=self._seed)
        self._kept: deque[Kept] = deque(maxlen=STEPS_KEPT)
        self._objects = self._agent.watch_objects()
        self._num_steps = 0

    def _find(self, step: int) -> Kept | None:
        place = step - (self._num_steps - len(self._kept))
        return self._kept[place] if 0 <= place < len(self._kept) else None

    def _explain(self, kept: Kept, wanted: Wanted) -> list[dict[str, Any]]:
        objects: list[ScreenObjects] = []
        if any(method == OBJECTS for method, _ in wanted):  # one look at them answers every target
            played = kept.played
            objects = self._agent.weigh_objects(played.screens, played.state, played.actions, [kept.seen])
        packed = []
        for method, target in wanted:
            try:
                if method == OBJECTS:
                    packed.append(self._pack_objects(objects, target))
                else:
                    packed.append(pack_maps(explain_target(self._agent, kept.played, method, target)))
            except (UserError, ValueError) as error:  # the game goes on without this map
                packed.append({"method": method, "target": target, "refused": " ".join(str(error).split())})
        return packed

    def _pack_objects(self, objects: list[ScreenObjects], target: str) -> dict[str, Any]:
        packed = pack_object_set(object_set(objects, target, self._agent.action_names))
        return packed | {"objects": pack_objects(objects, say_what_stays(self._agent.network.memory_parts))}

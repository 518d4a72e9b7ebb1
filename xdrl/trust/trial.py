"""The league's tests on one episode: few screens, many methods, the same for all."""

import functools
import time
from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.evaluation import Recording
from xdrl.methods import OBJECTS as TAKING_AWAY
from xdrl.objects.segmentation import Scene
from xdrl.objects.so_far import Seen, watch_game
from xdrl.targets import CHOSEN
from xdrl.trust.baselines import (
    ALL_OBJECTS,
    MOTION,
    TIME_MEAN,
    UNTRAINED,
    motion_maps,
    object_maps,
    random_maps,
    time_mean_maps,
)
from xdrl.trust.cells import ALL, Cells, cover_objects, find_cells
from xdrl.trust.deletion import BACKGROUND, delete, make_fill, surplus_key
from xdrl.trust.frames import Effects, Frames, choose_frames
from xdrl.trust.known import ACTION, POLICY
from xdrl.trust.measuring import Readings
from xdrl.trust.occlusion import Occlusions, agreement, mean_agreement, occlude_objects
from xdrl.trust.pointing import point_at
from xdrl.trust.records import OBJECTS, OCCLUSION, OWN, Key

OUTPUTS = (POLICY, ACTION)
"""Whose changes decide: what the policy needs, and what speaks for the action."""


class Ground(NamedTuple):
    """What an episode has for all methods whose maps have the same cells.

    Attributes:
        cells: of the maps.
        pixels: int32 [N, C], of all objects in each cell.
        occlusions: what taking each object away does.
        chance: areas under the random map's curves.
        readings: of the baselines that know no network.
    """

    cells: Cells
    pixels: np.ndarray
    occlusions: Occlusions
    chance: Effects
    readings: Readings


class Reading(NamedTuple):
    """What an episode says of a method.

    Attributes:
        figures: the method's and those of its baselines.
        milliseconds: that its map of a screen took.
    """

    figures: Readings
    milliseconds: float


class Trial:
    """One episode, on which one method after the other is tried."""

    def __init__(
        self, agent: Agent, untrained: Agent, recording: Recording, scene: Scene, seed: int, num_frames: int
    ) -> None:
        """Draws the screens.

        Args:
            agent: that is examined.
            untrained: an agent of its architecture that has not learnt.
            recording: of the episode.
            scene: its objects.
            seed: of the screens that are drawn, of random maps, and of the order of equal cells.
            num_frames: screens that are drawn.
        """
        self._agent, self._untrained, self._recording, self._scene = agent, untrained, recording, scene
        self._generator = np.random.default_rng(seed)
        self.frames: Frames = choose_frames(recording, num_frames, self._generator)
        self._fill = make_fill(BACKGROUND, self.frames, scene.background)
        self._grounds: dict[tuple[object, ...], Ground] = {}

    def warm_up(self, method: str) -> None:
        """Has a method compiled, so that nobody's milliseconds are of that."""
        self._explain(self._agent, self.frames.repeated(np.arange(1)), method)

    def time_playing(self) -> float:
        """Returns the milliseconds of a screen that the network alone takes."""
        started = time.perf_counter()
        self._agent.act(self.frames.screens, self.frames.state)
        return _milliseconds(started, self.frames)

    def read(self, method: str) -> Reading:
        """Runs all tests on a method."""
        if method == TAKING_AWAY:
            len(self._watched)  # the game before is seen once, and in nobody's milliseconds
        started = time.perf_counter()
        explanation = self._explain(self._agent, self.frames, method)
        milliseconds = _milliseconds(started, self.frames)
        ground = self._ground(explanation)
        own = explanation.maps.reshape(len(explanation.maps), -1)
        maps = {
            OWN: own,
            UNTRAINED: self._explain(self._untrained, self.frames, method).maps.reshape(own.shape),
            TIME_MEAN: time_mean_maps(own),
        }
        found: Readings = dict(ground.readings)
        for source, values in maps.items():
            found |= self._test(values, source, ground)
        return Reading(found, milliseconds)

    @functools.cached_property
    def _watched(self) -> list[Seen]:
        """The objects of every screen of the episode, from those seen so far."""
        return watch_game(self._recording.screens, self._agent.watch_objects())

    def _explain(self, agent: Agent, frames: Frames, method: str) -> Explanation:
        """Explains the actions that were taken, with the memory of the agent that took them."""
        seen = [self._watched[step] for step in frames.steps] if method == TAKING_AWAY else None
        return agent.explain(frames.screens, frames.state, CHOSEN, method, frames.actions, seen)

    def _ground(self, explanation: Explanation) -> Ground:
        """Returns what methods with such cells share, made once."""
        key = (explanation.maps.shape[1:], explanation.box)
        if key not in self._grounds:
            cells = find_cells(self._agent, explanation)
            steps = self.frames.steps
            pixels = np.stack([cover_objects(self._scene, step, cells).sum(0) for step in steps])
            chance = self._delete(random_maps(len(steps), len(cells.areas), self._generator), cells)
            occlusions = occlude_objects(self._agent, self.frames, self._scene, cells)
            ground = Ground(cells, pixels, occlusions, chance, {})
            ignorant = {
                MOTION: motion_maps(self._recording.screens, cells)[steps],
                ALL_OBJECTS: object_maps(pixels, cells),
            }
            for source, maps in ignorant.items():
                ground.readings.update(self._test(maps, source, ground))
            self._grounds[key] = ground
        return self._grounds[key]

    def _test(self, maps: np.ndarray, source: str, ground: Ground) -> Readings:
        """Tests maps, float [N, C]: do they point at objects, rank them as the agent does, and find what it needs?"""
        areas = ground.cells.areas
        pointing = point_at(maps, ground.pixels, areas)["hit - chance"]
        readings = {Key(OBJECTS, "hit - chance", ALL, source): pointing}
        ranking = agreement(ground.occlusions, maps, areas)
        deleted = self._delete(maps, ground.cells)
        for output in OUTPUTS:
            readings[Key(OCCLUSION, output, "", source)] = mean_agreement(ranking, output)
            more = getattr(deleted, output) - getattr(ground.chance, output)
            readings[surplus_key(output, source)] = float(more.mean())
        return readings

    def _delete(self, maps: np.ndarray, cells: Cells) -> Effects:
        return delete(self._agent, self.frames, self._fill, maps, cells, self._generator)


def _milliseconds(started: float, frames: Frames) -> float:
    return (time.perf_counter() - started) / len(frames.steps) * 1000

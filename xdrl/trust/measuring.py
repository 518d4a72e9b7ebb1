"""Runs the seven tests on one episode, for one method."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.evaluation import Recording
from xdrl.objects.segmentation import Scene
from xdrl.targets import CHOSEN
from xdrl.trust.baselines import (
    ALL_OBJECTS,
    MOTION,
    OTHER_FRAME,
    RANDOM,
    TIME_MEAN,
    UNTRAINED,
    motion_maps,
    object_maps,
    other_frame_maps,
    random_maps,
    time_mean_maps,
)
from xdrl.trust.cells import ALL, Cells, cover_kinds, find_cells, find_empty
from xdrl.trust.deletion import DELETION, FILLS, INSERTION, Areas, delete_and_insert, make_fill, ratio
from xdrl.trust.frames import OUTPUTS, Frames, choose_frames
from xdrl.trust.health import check_health
from xdrl.trust.occlusion import agreement, mean_agreement, occlude_objects
from xdrl.trust.pointing import mass_on_nothing, point_at
from xdrl.trust.randomisation import copy_weights, fresh_weights, randomise
from xdrl.trust.records import HEALTH, OBJECTS, OCCLUSION, OWN, RANDOMISATION, REMOVAL, SPECIFICITY, Key
from xdrl.trust.similarity import rank_correlations, structural_similarity
from xdrl.trust.specificity import explain_runner_up, likeness

PARTS = ("maps and baselines", "objects", "deletion and insertion", "object occlusion", "randomisation")
"""What is done with an episode, in its order."""
Readings = dict[Key, float]
"""One episode's figures."""


class Stage(NamedTuple):
    """What the tests of one episode need.

    Attributes:
        agent: that is examined.
        copy: an agent of its architecture whose weights may change.
        recording: the episode.
        scene: its objects.
        method: of explanation.
        seed: of the untrained network and of everything random.
        num_frames: for the costly tests.
    """

    agent: Agent
    copy: Agent
    recording: Recording
    scene: Scene
    method: str
    seed: int
    num_frames: int


def measure_episode(stage: Stage, on_part: Callable[[str], None] = lambda part: None) -> Readings:
    """Runs all tests.

    Args:
        stage: what they need.
        on_part: called with the name of each of `PARTS` when it begins.
    """
    generator = np.random.default_rng(stage.seed)
    frames = choose_frames(stage.recording, stage.num_frames, generator)
    on_part(PARTS[0])
    explanation = _explain(stage, stage.agent)
    cells = find_cells(stage.agent, explanation)
    pixels = cover_kinds(stage.scene, cells)
    maps = _all_maps(stage, explanation, cells, pixels[ALL], generator)
    readings = {Key(HEALTH, name): value for name, value in check_health(stage.recording, explanation).items()}
    runner_up = explain_runner_up(stage.agent, stage.recording, stage.method).maps.reshape(maps[OWN].shape)
    readings[Key(SPECIFICITY, "correlation with the runner-up's map")] = likeness(maps[OWN], runner_up)
    on_part(PARTS[1])
    readings |= read_objects(maps, pixels, cells)
    is_empty = find_empty(stage.recording.screens, stage.scene.background, cells)
    for source, values in maps.items():
        readings[Key(OBJECTS, "mass on nothing", "", source)] = mass_on_nothing(values, is_empty, cells.areas)
    of_frames = {source: values[frames.steps] for source, values in maps.items()}
    on_part(PARTS[2])
    readings |= dict(_read_removal(stage, frames, of_frames, cells, generator))
    on_part(PARTS[3])
    readings |= dict(_read_occlusion(stage, frames, of_frames, cells))
    on_part(PARTS[4])
    return readings | dict(_read_randomisation(stage, frames, explanation))


def read_objects(maps: dict[str, np.ndarray], pixels: dict[str, np.ndarray], cells: Cells) -> Readings:
    """Plays the pointing game with every source's maps, float [S, C], and every kind's pixels, integer [S, C]."""
    return {
        Key(OBJECTS, quantity, kind, source): value
        for source, values in maps.items()
        for kind, of_kind in pixels.items()
        for quantity, value in point_at(values, of_kind, cells.areas).items()
    }


def _explain(stage: Stage, agent: Agent) -> Explanation:
    """Explains the actions that were taken, with the core states of the agent that took them."""
    recording = stage.recording
    return agent.explain(recording.screens, recording.state, CHOSEN, stage.method, recording.actions)


def _all_maps(
    stage: Stage, explanation: Explanation, cells: Cells, pixels: np.ndarray, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """The method's maps and those of the baselines, float [S, C] each."""
    for _ in randomise(stage.copy, fresh_weights(stage.agent, stage.seed)):
        pass
    own = explanation.maps.reshape(len(explanation.maps), -1)
    return {
        OWN: own,
        UNTRAINED: _explain(stage, stage.copy).maps.reshape(own.shape),
        TIME_MEAN: time_mean_maps(own),
        RANDOM: random_maps(*own.shape, generator),
        MOTION: motion_maps(stage.recording.screens, cells),
        ALL_OBJECTS: object_maps(pixels, cells),
        OTHER_FRAME: other_frame_maps(own),
    }


def _read_removal(
    stage: Stage, frames: Frames, maps: dict[str, np.ndarray], cells: Cells, generator: np.random.Generator
) -> Iterator[tuple[Key, float]]:
    for name in FILLS:
        fill = make_fill(name, frames, stage.scene.background)
        found = {
            source: delete_and_insert(stage.agent, frames, fill, values, cells, generator)
            for source, values in maps.items()
        }
        for source, areas in found.items():
            yield from _ratios(areas, found[RANDOM], name, source)


def _ratios(areas: Areas, chance: Areas, fill: str, source: str) -> Iterator[tuple[Key, float]]:
    """An episode's areas divided by the random map's."""
    for mode, own, other in zip((DELETION, INSERTION), areas, chance, strict=True):
        for output in OUTPUTS:
            yield Key(REMOVAL, f"{mode}, {output}", fill, source), ratio(own, other, output)


def _read_occlusion(
    stage: Stage, frames: Frames, maps: dict[str, np.ndarray], cells: Cells
) -> Iterator[tuple[Key, float]]:
    occlusions = occlude_objects(stage.agent, frames, stage.scene, cells)
    for source, values in maps.items():
        found = agreement(occlusions, values, cells.areas)
        for output in OUTPUTS:
            yield Key(OCCLUSION, output, "", source), mean_agreement(found, output)


def _read_randomisation(stage: Stage, frames: Frames, explanation: Explanation) -> Iterator[tuple[Key, float]]:
    copy_weights(stage.agent, stage.copy)
    before = explanation.maps[frames.steps]
    flat = before.reshape(len(before), -1)
    for layer in randomise(stage.copy, fresh_weights(stage.agent, stage.seed)):
        after = stage.copy.explain(frames.screens, frames.state, CHOSEN, stage.method, frames.actions).maps
        alike = rank_correlations(flat, after.reshape(flat.shape))
        yield Key(RANDOMISATION, "rank correlation", layer), float(alike.mean())
        yield Key(RANDOMISATION, "structural similarity", layer), float(structural_similarity(before, after).mean())

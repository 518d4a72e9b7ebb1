"""Screens and maps as text that a page unpacks: small, and without loss where the eye could see it."""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from xdrl.explainers.maps import ALL_NEGATIVE, NOT_FINITE, OK, ZERO_GRADIENT
from xdrl.objects.effects import ScreenObjects
from xdrl.objects.maps import NO_OBJECTS, grow
from xdrl.report.maps import MapSet, ObjectSet

CHUNK_STEPS = 64
"""Screens packed together: a page that jumps unpacks as many."""
MAP_BYTES_PER_STEP = 8_000
"""What all maps of a step may take before they are packed: 1,000 steps stay well below the 15 MB of a report."""
FEWEST_CELLS = 100
"""Of a map that is made coarser: the cells of the last convolution."""


def pack_screens(screens: np.ndarray) -> dict[str, Any]:
    """Packs screens without loss: indices into a palette, each frame as its difference from the one before.

    Args:
        screens: uint8 [S, H, W, 3].

    Returns:
        plain JSON values: `palette` (red, green, blue of every colour) and `chunks` of 64 screens each, which are
        little-endian unsigned integers of `bytes_per_pixel`, every screen but a chunk's first one XOR the one before.
    """
    colours, indices = _palette(screens)
    return _pack_indices(indices) | {"palette": base64.b64encode(colours.tobytes()).decode()}


def _pack_indices(indices: np.ndarray) -> dict[str, Any]:
    """Packs small numbers, unsigned [S, H, W], in chunks of steps, each as its difference from the step before."""
    chunks = []
    for start in range(0, len(indices), CHUNK_STEPS):
        part = indices[start : start + CHUNK_STEPS]
        differences = part.copy()
        differences[1:] ^= part[:-1]
        chunks.append(_deflated(differences.astype(differences.dtype.newbyteorder("<")).tobytes()))
    return {
        "height": indices.shape[1],
        "width": indices.shape[2],
        "count": len(indices),
        "chunk_steps": CHUNK_STEPS,
        "bytes_per_pixel": indices.dtype.itemsize,
        "chunks": chunks,
    }


def pack_maps(map_set: MapSet, most_cells: int | None = None) -> dict[str, Any]:
    """Packs maps as bytes, each in 255ths of its own largest cell; the peaks go along as they are.

    Args:
        map_set: the maps.
        most_cells: finer maps are averaged until they have no more cells than this; None keeps them as they are.

    Returns:
        plain JSON values; `coarsened` says how many cells, across and down, became one. Where that is more than
        one, `drawn_peaks` are the largest cells that are left, else it is None and the peaks are those.
    """
    maps, factor = _coarsen(map_set.maps, most_cells)
    drawn_peaks = map_set.peaks if factor == 1 else maps.max((1, 2))
    divisors = np.maximum(drawn_peaks, np.finfo(np.float32).tiny)
    strengths = np.rint(255 * np.clip(maps / divisors[:, None, None], 0, 1)).astype(np.uint8)
    return {
        "method": map_set.method,
        "target": map_set.target,
        "height": maps.shape[1],
        "width": maps.shape[2],
        "box": list(map_set.box),
        "coarsened": factor,
        "strengths": _deflated(strengths.tobytes()),
        "peaks": _six_digits(map_set.peaks),
        "drawn_peaks": None if factor == 1 else _six_digits(drawn_peaks),
    } | _pack_statuses(map_set.statuses)


def pack_object_set(object_set: ObjectSet) -> dict[str, Any]:
    """Packs how much objects matter as bytes, each in 255ths of its step's peak, one object after the other.

    Returns:
        plain JSON values, as those of `pack_maps`; the map is painted on the objects' pixels of the whole screen.
    """
    divisors = np.maximum(object_set.peaks, np.finfo(np.float32).tiny)
    shares = [255 * values / divisor for values, divisor in zip(object_set.values, divisors, strict=True)]
    return {
        "method": object_set.method,
        "target": object_set.target,
        "strengths": _deflated(np.rint(np.concatenate(shares)).astype(np.uint8).tobytes()),
        "peaks": _six_digits(object_set.peaks),
    } | _pack_statuses(object_set.statuses)


def pack_objects(objects: Sequence[ScreenObjects], what_stays: str) -> dict[str, Any]:
    """Packs where objects are, and what is said of them.

    Args:
        objects: of S steps.
        what_stays: what the agent still has of those that are taken away, in a sentence.

    Returns:
        plain JSON values: `labels` as the chunks of screens, 0 where there is no object and i + 1 where object i is
        drawn; `counts` of objects; and `words`, a JSON text, deflated: of each step one sentence an object, then one
        on the fewest that decide.
    """
    words = json.dumps([[*item.words, item.fewest_words] for item in objects], ensure_ascii=False)
    return {
        "labels": _pack_indices(np.stack([grow(item.labels) for item in objects])),
        "counts": [len(item.objects) for item in objects],
        "words": _deflated(words.encode()),
        "what_stays": what_stays,
    }


def most_cells_of(num_sets: int) -> int:
    """Returns how many cells each of a number of map sets may have for a report to stay small."""
    return max(MAP_BYTES_PER_STEP // num_sets, FEWEST_CELLS)


def script_json(values: Any) -> str:
    """Returns plain values as JSON that can stand inside a script element: nothing in it can end the element."""
    text = json.dumps(values, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _palette(screens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the colours, uint8 [K, 3], and every pixel's index, [S, H, W] of the smallest type that holds K."""
    is_used = np.zeros(1 << 24, bool)
    for screen in screens:
        is_used[_codes(screen)] = True
    codes = np.flatnonzero(is_used)
    dtype = np.min_scalar_type(len(codes) - 1)
    index_of_code = np.zeros(1 << 24, dtype)
    index_of_code[codes] = np.arange(len(codes))
    indices = np.empty(screens.shape[:3], dtype)
    for screen, index in zip(screens, indices, strict=True):
        index[:] = index_of_code[_codes(screen)]
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8), indices


def _codes(screen: np.ndarray) -> np.ndarray:
    wide = screen.astype(np.uint32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _coarsen(maps: np.ndarray, most_cells: int | None) -> tuple[np.ndarray, int]:
    """Averages blocks of the smallest side that leaves few enough cells, and not fewer than `FEWEST_CELLS`."""
    height, width = maps.shape[1:]
    fitting = [
        side
        for side in range(1, min(height, width) + 1)
        if height % side == 0 and width % side == 0 and (side == 1 or height * width // side**2 >= FEWEST_CELLS)
    ]
    enough = [side for side in fitting if most_cells is None or height * width // side**2 <= most_cells]
    side = min(enough, default=max(fitting))
    return maps.reshape(len(maps), height // side, side, width // side, side).mean((2, 4)), side


def _pack_statuses(statuses: Sequence[str]) -> dict[str, Any]:
    names = [OK, ALL_NEGATIVE, ZERO_GRADIENT, NOT_FINITE, NO_OBJECTS]
    return {"status_names": names, "statuses": [names.index(status) for status in statuses]}


def _six_digits(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()

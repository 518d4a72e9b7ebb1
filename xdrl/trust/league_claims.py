"""From the episodes' figures to the league's rows: intervals, and which methods hold, corrected for their number."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from xdrl.trust.baselines import CHANCE
from xdrl.trust.intervals import FALSE_DISCOVERIES, chance_of_luck, correct_for_number, mean_interval
from xdrl.trust.league_records import COLUMNS, Cell, Column, Row
from xdrl.trust.measuring import Readings
from xdrl.trust.trial import Reading


def make_rows(readings: Mapping[str, Sequence[Reading]]) -> tuple[Row, ...]:
    """Judges all methods.

    A claim is that a method is above all its rivals in a test: its p is the largest of the comparisons'. All the
    claims together are corrected for their number.

    Args:
        readings: of every method, one an episode.

    Source: Berger 1982 for the largest p.
    """
    found = {
        (method, name): _judge(column, [reading.figures for reading in episodes])
        for method, episodes in readings.items()
        for name, column in COLUMNS.items()
    }
    corrected = correct_for_number([cell.luck for cell in found.values()])
    cells = {
        place: replace(cell, corrected=value, holds=value <= FALSE_DISCOVERIES)
        for (place, cell), value in zip(found.items(), corrected, strict=True)
    }
    return tuple(
        Row(
            method,
            median(reading.milliseconds for reading in episodes),
            {name: cells[method, name] for name in COLUMNS},
        )
        for method, episodes in readings.items()
    )


def _judge(column: Column, figures: Sequence[Readings]) -> Cell:
    """Holds a method against all rivals of a test; the correction is still to come."""
    own = _per_episode(column, figures)
    rivals = {
        source: [column.chance] * len(own)
        if source == CHANCE
        else _per_episode(column._replace(key=replace(column.key, source=source)), figures)
        for source in column.rivals
    }
    chances = {source: chance_of_luck(own, others) for source, others in rivals.items()}
    # Where a game lacks a figure there is no p, and nothing holds.
    worst = max(chances, key=lambda source: math.inf if math.isnan(chances[source]) else chances[source])
    intervals = {source: mean_interval(others) for source, others in rivals.items()}
    return Cell(tuple(own), mean_interval(own), intervals, chances[worst], math.nan, worst, False)


def _per_episode(column: Column, figures: Sequence[Readings]) -> list[float]:
    return [found.get(column.key, math.nan) for found in figures]

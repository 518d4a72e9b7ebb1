"""What agents, decisions and explanations show of themselves: a short line as text; pictures and bars in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from xdrl.explanations.strengths import note_on_map, scale_to_episode, shares_of_strong
from xdrl.notebooks.drawing import draw_bars, draw_card, draw_facts, draw_picture, draw_row, png_of
from xdrl.pictures.overlays import overlay
from xdrl.preprocessing import SCREEN_WIDTH, Box
from xdrl.targets import ACTION, CONTRAST, VALUE

SHOWN = 3
"""Screens that are drawn, or named in a line; of the others it is said how many they are."""


@dataclass(frozen=True)
class Question:
    """What N maps are about, as far as it takes to draw them.

    Attributes:
        screens: uint8 [N, 210, 160, 3].
        actions: int64 [N], that were chosen.
        preferences: float32 [N, A], probabilities or Q-values.
        action_names: A of them.
        target: as it was asked.
        method: that made the maps.
        judges_actions: whether the preferences are Q-values.
    """

    screens: np.ndarray
    actions: np.ndarray
    preferences: np.ndarray
    action_names: Sequence[str]
    target: str
    method: str
    judges_actions: bool = False

    def subject(self, index: int) -> str:
        """Says what a map is about, such as: UP rather than LEFT."""
        kind, _, named = self.target.partition(":")
        action, figures = self.actions[index], self.preferences[index]
        chosen, rival = self.action_names[action], named.upper()
        if kind == CONTRAST and rival in ("", chosen):  # held against the best other action, as the map is
            rival = self.action_names[int(np.where(np.arange(len(figures)) == action, -np.inf, figures).argmax())]
        words = {VALUE: "the value", ACTION: rival, CONTRAST: f"{chosen} rather than {rival}"}
        return words.get(kind, f"{chosen}, the action that was chosen")


def say_decision(actions: np.ndarray, preferences: np.ndarray, action_names: Sequence[str]) -> str:
    """Says N decisions in a line; arguments as in `draw_decision`."""
    names = _names(action_names, preferences)
    taken = zip(actions[:SHOWN], preferences, strict=False)
    words = [f"{names[action]} {figures[action]:.2f}" for action, figures in taken]
    return f"<Decision on {_count(len(actions))}: {', '.join(filter(None, [*words, _more(len(actions))]))}>"


def draw_decision(
    screens: np.ndarray | None,
    actions: np.ndarray,
    preferences: np.ndarray,
    values: np.ndarray,
    action_names: Sequence[str],
    judges_actions: bool = False,
) -> str:
    """Draws the first of N decisions as HTML: the screen, a bar for each action, and a sentence.

    Args:
        screens: uint8 [N, 210, 160, 3]; None draws none.
        actions: int64 [N], that were chosen.
        preferences: float32 [N, A], probabilities or Q-values.
        values: float32 [N].
        action_names: A of them; none where they are not known.
        judges_actions: whether the preferences are Q-values.
    """
    names, count = _names(action_names, preferences), len(actions)
    words, value = ("a Q-value", "best Q-value") if judges_actions else ("a probability", "value")
    rows = []
    for index in range(min(count, SHOWN)):
        chosen = int(actions[index])
        pictures = [] if screens is None else [_picture(screens[index], "the screen", count)]
        bars = draw_bars(names, preferences[index], chosen, judges_actions)
        caption = f"{names[chosen]}, with {words} of {preferences[index, chosen]:.2f}."
        rows.append(draw_row([*pictures, bars], caption, f"{value} {values[index]:.2f}"))
    return draw_card(f"Decision on {_count(count)}", rows, _more(count))


def say_explanation(maps: np.ndarray, peaks: np.ndarray, statuses: Sequence[str], asked: Question | None) -> str:
    """Says N maps in a line; arguments as in `draw_explanation`."""
    counts = ", ".join(f"{list(statuses).count(status)} {status}" for status in dict.fromkeys(statuses))
    cells = " x ".join(str(size) for size in maps.shape[1:])
    return f"<{_title(len(peaks), asked)}: {cells} cells, {counts}, strongest peak {max(peaks, default=0):.3g}>"


def draw_explanation(
    maps: np.ndarray, peaks: np.ndarray, statuses: Sequence[str], box: Box, asked: Question | None
) -> str:
    """Draws the first of N explanations as HTML: the screen, its overlay, a bar for each action, and a sentence.

    The maps are on one scale, as in every picture of a game: the strong ones of all N are the brightest.

    Args:
        maps: float32 [N, h, w], raw.
        peaks: float32 [N].
        statuses: N of them.
        box: the part of the screen that the maps stand for.
        asked: what they are about; None draws none of them.
    """
    rows = _draw_maps(maps, peaks, statuses, box, asked) if asked else []
    return draw_card(_title(len(peaks), asked), rows, _more(len(peaks)))


def draw_agent(title: str, facts: Sequence[tuple[str, str]]) -> str:
    """Draws an agent as HTML: what it is, and what one can do with it."""
    calls = "xdrl.play(agent=agent) plays a game; agent.act(screens) and agent.explain(screens) take screens."
    return draw_card(title, [draw_facts(facts)], calls)


def _draw_maps(maps: np.ndarray, peaks: np.ndarray, statuses: Sequence[str], box: Box, asked: Question) -> list[str]:
    """A row for each of the first maps."""
    count, shares = len(peaks), shares_of_strong(peaks)
    screens, heatmaps = asked.screens[:SHOWN], scale_to_episode(maps, peaks)[:SHOWN]
    rows = []
    for index, drawn in enumerate(ops.convert_to_numpy(overlay(screens, heatmaps, box, 1))):
        subject = asked.subject(index)
        parts = [
            _picture(screens[index], "the screen", count),
            _picture(drawn, f"the screen under the map of {subject}", count),
            draw_bars(asked.action_names, asked.preferences[index], int(asked.actions[index]), asked.judges_actions),
        ]
        notes = f"peak {peaks[index]:.3g}", note_on_map(statuses[index], float(shares[index]))
        rows.append(draw_row(parts, f"What spoke for {subject}.", ", ".join(filter(None, notes))))
    return rows


def _names(action_names: Sequence[str], preferences: np.ndarray) -> Sequence[str]:
    """Numbers stand for names that are not known."""
    return action_names or [str(index) for index in range(preferences.shape[-1])]


def _picture(image: np.ndarray, words: str, count: int) -> str:
    """A screen, larger where it stands alone."""
    return draw_picture(png_of(image), "image/png", words, SCREEN_WIDTH * (2 if count == 1 else 1))


def _title(count: int, asked: Question | None) -> str:
    return f"Explanation of {_count(count)}" + (f", {asked.target} by {asked.method}" if asked else "")


def _count(count: int) -> str:
    return f"{count:,} screen{'' if count == 1 else 's'}"


def _more(count: int) -> str:
    return f"and {count - SHOWN:,} more" if count > SHOWN else ""

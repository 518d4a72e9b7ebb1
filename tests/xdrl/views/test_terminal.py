"""What the command line shows, drawn to text."""

import math
from pathlib import Path

import numpy as np
from rich.console import Console

from xdrl.evaluation import Episode, summarise_episodes
from xdrl.games import GAMES
from xdrl.standings import Standing
from xdrl.storage.progress import Progress
from xdrl.views.terminal import answer_view, evaluation_view, games_view, heatmap_view, training_line, training_view

NAN = float("nan")


def drawn(view, width: int = 140) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(view)
    return console.export_text()


def progress(**changes) -> Progress:
    values = dict.fromkeys(Progress.__dataclass_fields__, NAN) | {
        "agent_steps": 12_345,
        "frames": 49_380,
        "seconds": 3_725.0,
        "episodes": 7,
        "bad_gradients": 0,
    }
    return Progress(**values | changes)


def test_training_shows_steps_frames_time_and_figures():
    text = drawn(training_view("Pong, a3c", progress(score_mean_100=-20.25, entropy=1.5), 100_000, 2_345, 61))
    for part in (
        "Pong, a3c",
        "12,345 of 100,000",
        "49,380",
        "-20.25",
        "1.500 nats",
        "1:02:05",
        "0:01:01",
        "10,000 steps",
    ):
        assert part in text
    assert "nan" not in text


def test_figures_that_are_not_there_yet_are_a_dash():
    text = drawn(training_view("Pong", progress(), 100, 0, NAN))
    assert "nan" not in text and "-" in text


def test_gradients_that_were_not_finite_are_told():
    view = drawn(training_view("Pong", progress(bad_gradients=3), 100, 0, NAN))
    assert "3 gradients, not applied" in view
    assert "3 gradients not finite" in training_line(progress(bad_gradients=3))
    assert "not finite" not in training_line(progress())


def test_training_beyond_its_budget_is_drawn_as_full():
    assert "12,345 of 100" in drawn(training_view("Pong", progress(), 100, 0, 0.0))


def test_the_list_of_games_holds_the_papers_table_and_the_shipped_agents():
    text = drawn(games_view({"Pong": Standing(Path("saved_models/Pong/3"), 1_130_000, 19.85, 100)}), 200)
    for name in GAMES:
        assert name in text
    for part in ("36,277.00 ± 821.71", "115,201.9", "125,307.0", "version 3, 1,130,000 steps, mean 19.85"):
        assert part in text


def test_an_evaluation_shows_its_figures():
    text = drawn(evaluation_view("Pong", summarise_episodes([Episode(0, 1.0, 9, False), Episode(1, 4.0, 9, False)])))
    # Deviation of 1 and 4 is 3 / sqrt 2, divided by sqrt 2.
    assert "2.50 ± 1.50" in text and "needs 100 episodes" in text and "nan" not in text


def test_one_game_has_no_standard_error():
    assert "nan" not in drawn(evaluation_view("Pong", summarise_episodes([Episode(0, 1.0, 9, False)])))


def test_an_answer_shows_every_action_with_its_probability():
    text = drawn(answer_view("UP", {"NOOP": 0.125, "UP": 0.875}, -0.25))
    for part in ("action UP, value -0.250", "NOOP", "0.125", "0.875"):
        assert part in text


def test_a_heatmap_is_two_characters_a_cell_shaded_and_coloured_by_strength():
    text = heatmap_view(np.array([[0.0, 1.0], [0.5, 2.0]], np.float32))
    assert text.plain == "··██\n▒▒██\n"
    styles = [str(span.style) for span in text.spans]
    assert styles[0] == "rgb(0,0,4)" and styles[1] == styles[3] == "rgb(252,255,164)"
    assert len(set(styles)) == 3


def test_a_line_of_training_needs_no_terminal():
    line = training_line(progress(score_mean_100=-20.25))
    assert line.startswith("12,345 steps, 49,380 frames, - steps/s, 7 episodes, mean of last 100 -20.25")
    assert "nan" not in line and "\n" not in line


def test_an_endless_time_is_a_dash():
    assert "inf" not in drawn(training_view("Pong", progress(), 100, 0, math.inf))

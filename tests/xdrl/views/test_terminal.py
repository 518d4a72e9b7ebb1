"""What the command line shows, drawn to text."""

from pathlib import Path

import numpy as np
from rich.console import Console

from xdrl.evaluation import Episode, summarise_episodes
from xdrl.games import GAMES
from xdrl.standings import Standing
from xdrl.views.terminal import answer_view, evaluation_view, games_view, heatmap_view, mean_line


def drawn(view, width: int = 140) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(view)
    return console.export_text()


def test_the_list_of_games_holds_the_papers_table_and_the_shipped_agents():
    standings = {name: Standing(Path("saved_models") / name / "3", 11_300_000, 19_850.25, 100) for name in GAMES}
    standings["Pong"] = Standing(Path("saved_models/Pong/1"), 1_130_000, None, 0)
    text = drawn(games_view(standings), 80)
    for name in GAMES:
        assert name in text
    for part in ("79,060.10 ± 5,826.59", "115,201.9", "125,307.0", "version 3", "11.3 M steps", "mean 19,850.25"):
        assert part in text
    assert "version 1 " in text and "not evaluated" in text and "…" not in text


def test_an_evaluation_shows_its_figures_under_a_title_that_is_wider():
    title = "DemonAttack, saved_models/DemonAttack/1, standard protocol, drawn actions"
    text = drawn(evaluation_view(title, summarise_episodes([Episode(0, 1.0, 9, False), Episode(1, 4.0, 9, False)])), 80)
    assert text.startswith(f"{title}\n")
    # Deviation of 1 and 4 is 3 / sqrt 2, divided by sqrt 2.
    assert "2.50 ± 1.50" in text and "needs 100 episodes" in text and "nan" not in text


def test_a_running_mean_has_an_error_from_the_second_game_on():
    games = [Episode(0, 1.0, 9, False), Episode(1, 4.0, 9, False)]
    assert mean_line(summarise_episodes(games[:1])) == "mean 1.00"
    assert mean_line(summarise_episodes(games)) == "mean 2.50 ± 1.50"


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

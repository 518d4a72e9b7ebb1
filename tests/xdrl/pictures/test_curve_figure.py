"""The picture of learning curves: what is drawn on its axes, and what its words and pixels say."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from xdrl.errors import UserError
from xdrl.pictures.curve_figure import COLOURS, draw_curves, format_steps, save_curves
from xdrl.pictures.curves import Curve, EvaluationPoint, Series, make_panels

NAN = float("nan")
STEPS = np.array([100_000, 400_000, 869_440])


def make_curve(
    game: str = "Pong", folder: str = "runs/Pong", scores: tuple = (-20.2, -16.4, 7.8), evaluation: object = None
) -> Curve:
    entropies = Series(np.array([50_000, 869_440]), np.array([1.79, 0.9]))
    return Curve(game, "e-a3c", Path(folder), Series(STEPS, np.array(scores)), entropies, evaluation)


def cells_of(figure: Figure) -> list[SubFigure]:
    return [cell for cell in np.ravel(figure.subfigs) if cell.axes]


def axes_of(figure: Figure, index: int = 0) -> tuple[Axes, Axes]:
    """Returns the axes of scores and of entropies of a panel."""
    scores, entropies = cells_of(figure)[index].axes
    return scores, entropies


def words_of(figure: Figure, index: int = 0) -> list[str]:
    return [text.get_text() for text in cells_of(figure)[index].legends[0].get_texts()]


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def has_colour(pixels: np.ndarray, colour: str) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(colour))) < 1).all(-1).sum() > 100)


def test_the_lines_are_the_curves():
    scores, entropies = axes_of(draw_curves(make_panels([make_curve()])))
    np.testing.assert_array_equal(scores.lines[0].get_xydata(), np.stack([STEPS, (-20.2, -16.4, 7.8)], -1))
    np.testing.assert_array_equal(entropies.lines[0].get_xydata(), [[50_000, 1.79], [869_440, 0.9]])
    assert scores.get_xlim() == entropies.get_xlim() == (0, pytest.approx(1.02 * 869_440))
    assert entropies.get_ylim()[0] == 0


def test_the_axis_begins_where_the_curve_of_a_resumed_agent_does():
    late = dataclasses.replace(
        make_curve(),
        scores=Series(STEPS + 2_500_000, np.array((15.0, 16.0, 17.0))),
        entropies=Series(np.array([2_550_000, 3_369_440]), np.array([1.5, 1.4])),
    )
    scores, _ = axes_of(draw_curves(make_panels([late])))
    assert scores.get_xlim() == (2_550_000, pytest.approx(3_369_440 + 0.02 * 819_440))
    assert all(tick >= 2_550_000 for tick in scores.get_xticks())
    both = axes_of(draw_curves(make_panels([late, make_curve()])))
    assert both[0].get_xlim()[0] == 0


def test_runs_of_one_game_share_a_panel_and_differ_in_colour_and_style(tmp_path):
    curves = [make_curve(folder=f"runs/{index}", scores=(-20, -16 + index, 7 - index)) for index in range(9)]
    figure = draw_curves(make_panels(curves))
    scores, entropies = axes_of(figure)
    looks = [(line.get_color(), line.get_linestyle()) for line in scores.lines[:9]]
    assert len(set(looks)) == 9
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in itertools.pairwise(looks))
    assert [(line.get_color(), line.get_linestyle()) for line in entropies.lines] == looks
    assert words_of(figure)[:9] == [f"Pong, e-a3c, runs/{index}" for index in range(9)]


def test_the_pixels_hold_a_colour_for_each_run_on_white(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "new" / "two.png"
    save_curves(one, make_panels([make_curve()]))
    save_curves(two, make_panels([make_curve(), make_curve(scores=(-21, -20, -19))]))
    assert one.read_bytes().startswith(b"\x89PNG")
    first, second = pixels_of(one), pixels_of(two)
    assert first.shape[1] == second.shape[1] == 1600
    assert (first[0] == 255).all() and (first[:, 0] == 255).all()
    assert [has_colour(first, colour) for colour in COLOURS[:3]] == [True, False, False]
    assert [has_colour(second, colour) for colour in COLOURS[:3]] == [True, True, False]


@pytest.mark.parametrize(("error", "said"), [(0.28, "17.53 ± 0.28 (standard error)"), (NAN, "17.53")])
def test_an_evaluation_is_a_point_with_its_standard_error(error, said):
    figure = draw_curves(make_panels([make_curve(evaluation=EvaluationPoint(900_000, 17.53, error))]))
    scores, _ = axes_of(figure)
    assert scores.lines[1].get_xydata().tolist() == [[900_000, 17.53]]
    bars = [path.vertices[:, 1].tolist() for bar in scores.collections for path in bar.get_paths()]
    assert bars == ([] if np.isnan(error) else [[pytest.approx(17.25), pytest.approx(17.81)]])
    assert words_of(figure)[1] == f"evaluated: {said}"
    assert scores.get_xlim()[1] > 900_000


def test_the_papers_score_is_a_line_where_it_is_near_and_words_where_it_is_not():
    near = draw_curves(make_panels([make_curve()]))
    scores, _ = axes_of(near)
    assert set(scores.lines[-1].get_ydata()) == {21.0}
    assert [text.get_text() for text in scores.texts] == ["paper"]
    assert words_of(near)[-1] == "paper's E-A3C, best mean: 21.00 ± 0.00"
    far = draw_curves(make_panels([make_curve("Qbert", scores=(115.0, 200.0, 326.0))]))
    scores, _ = axes_of(far)
    assert len(scores.lines) == 1 and not scores.texts
    assert scores.get_ylim()[1] < 400
    assert words_of(far)[-1] == "paper's E-A3C, best mean: 21,182.25 ± 276.12, off scale"
    unknown = draw_curves(make_panels([make_curve("Breakout")]))
    assert words_of(unknown) == ["Breakout, e-a3c, runs/Pong"]


def test_each_game_has_a_panel_of_its_own_with_a_scale_of_its_own():
    curves = [make_curve("Pong"), make_curve("Qbert", scores=(115, 200, 326)), make_curve("Breakout", scores=(1, 2, 9))]
    figure = draw_curves(make_panels(curves))
    assert [axes_of(figure, index)[0].get_title("left") for index in range(3)] == ["Pong", "Qbert", "Breakout"]
    highest = [axes_of(figure, index)[0].get_ylim()[1] for index in range(3)]
    assert highest[0] < 30 < 300 < highest[1] < 400 and highest[2] < 20


def test_frames_are_four_times_the_agent_steps_and_their_ticks_stand_above_each_other():
    figure = draw_curves(make_panels([make_curve()]))
    figure.draw_without_rendering()
    scores, entropies = axes_of(figure)
    frames = scores.child_axes[0]
    assert [label.get_text() for label in entropies.get_xticklabels()[:3]] == ["0", "0.1 M", "0.2 M"]
    assert [label.get_text() for label in frames.get_xticklabels()[:3]] == ["0", "0.4 M", "0.8 M"]
    np.testing.assert_allclose(frames.get_xlim(), 4 * np.array(scores.get_xlim()))
    np.testing.assert_allclose(frames.get_xticks(), 4 * entropies.get_xticks())


@pytest.mark.parametrize(
    ("value", "largest", "text"),
    [
        (0, 1e6, "0"),
        (500_000, 2e6, "0.5 M"),
        (2_500_000, 1e7, "2.5 M"),
        (300_000.00000000006, 7e5, "0.3 M"),
        (50_000, 200_000, "50 k"),
        (500, 1_000, "500"),
    ],
)
def test_steps_are_written_in_millions_and_thousands(value, largest, text):
    assert format_steps(largest)(value, None) == text


@pytest.mark.parametrize("num_games", [1, 2])
def test_no_words_run_over_others_or_out_of_the_picture(num_games):
    evaluation = EvaluationPoint(869_440, 17.53, 0.28)
    folder = "/a/folder/" + "deep/" * 30 + "Run"
    games = ["SpaceInvaders", "Qbert"][:num_games]
    curves = [make_curve(game, path, (0, 9_000, 79_000), evaluation) for game in games for path in (folder, "b")]
    figure = draw_curves(make_panels(curves))
    figure.draw_without_rendering()
    boxes = [cell.legends[0].get_window_extent() for cell in cells_of(figure)]
    boxes += [axes.get_tightbbox() for cell in cells_of(figure) for axes in cell.axes]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1
    for one, other in itertools.combinations(boxes, 2):
        assert min(one.x1, other.x1) - max(one.x0, other.x0) < 1 or min(one.y1, other.y1) - max(one.y0, other.y0) < 1
    assert words_of(figure)[0].startswith("SpaceInvaders, e-a3c, …") and words_of(figure)[0].endswith("deep/Run")


def test_a_run_with_one_row_is_a_dot_and_a_dollar_in_its_folder_no_formula(tmp_path):
    series = Series(np.array([120]), np.array([-21.0]))
    curve = Curve("Pong", "a3c", Path("a$b$"), series, Series(np.array([], int), np.array([])), None)
    figure = draw_curves(make_panels([curve]))
    scores, entropies = axes_of(figure)
    assert scores.lines[0].get_marker() == "." and len(entropies.lines[0].get_xdata()) == 0
    assert words_of(figure)[0] == r"Pong, a3c, a\$b\$"
    save_curves(tmp_path / "one.png", make_panels([curve]))


def test_a_picture_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be written: Is a directory"):
        save_curves(tmp_path, make_panels([make_curve()]))

"""What the terminal shows of a training run, drawn to text, with clocks that the tests set."""

import math

import pytest
from rich.console import Console

from xdrl.courses import make_course
from xdrl.storage.progress import Progress
from xdrl.views.pace import WINDOW_SECONDS, Pace
from xdrl.views.training import (
    BUILDING,
    ENDING,
    TRACING,
    TRAINING,
    TrainingDisplay,
    course_line,
    next_lines,
    sparkline,
    training_line,
)

NAN = float("nan")
COURSE = make_course("Pong/3", [(0, -20.0), (100_000, -20.0), (500_000, -16.0), (1_000_000, 0.0), (3_000_000, 20.0)])


def progress(**changes) -> Progress:
    values = dict.fromkeys(Progress.__dataclass_fields__, NAN) | {
        "agent_steps": 12_345,
        "frames": 49_380,
        "seconds": 3_725.0,
        "episodes": 7,
        "bad_gradients": 0,
        "late_gradients": 0,
        "note": "",
    }
    return Progress(**values | changes)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until a test sets it on: `clock.now`."""

    class Clock:
        now = 1000.0

        @classmethod
        def monotonic(cls) -> float:
            return cls.now

    monkeypatch.setattr("xdrl.views.training.time", Clock)
    return Clock


def drawn(display: TrainingDisplay) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(display)
    return console.export_text()


def make_display(seconds: float | None = None, **more) -> TrainingDisplay:
    return TrainingDisplay("Pong, a3c", Pace(2_345, 102_345, seconds), 102_345, **more)


def test_stages_are_shown_from_before_the_first_step_to_the_end(clock):
    display = make_display()
    assert display.stage() == BUILDING and BUILDING in drawn(display)
    clock.now += 12
    assert f"{BUILDING}: 12 s" in drawn(display)
    display.update(progress(agent_steps=2_345))
    assert display.stage() == TRACING and f"{TRACING}: 0 s" in drawn(display)
    clock.now += 20
    display.update(progress())
    assert display.stage() == TRAINING and "Training" in drawn(display)
    display.is_ending = True
    assert display.stage() == ENDING and ENDING in drawn(display)


def test_training_shows_steps_frames_time_and_figures(clock):
    display = make_display()
    for steps in (2_345, 7_345, 12_345):
        display.update(progress(agent_steps=steps, score_mean_100=-20.25, entropy=1.5))
        clock.now += 50
    text = drawn(display)
    for part in ("Pong, a3c", "12,345 of 102,345", "49,380", "-20.25", "1.500 nats", "1:02:05", "10,000 steps"):
        assert part in text
    # 5,000 steps in 50 s, and 90,000 to go.
    assert "100 " in text and "10% of this call, 0:15:00 left" in text
    assert "nan" not in text


def test_figures_that_are_not_there_yet_are_a_dash(clock):
    display = make_display()
    display.update(progress())
    text = drawn(display)
    assert "nan" not in text and "inf" not in text and "- left" in text


def test_gradients_that_were_not_finite_are_told(clock):
    display = make_display()
    display.update(progress(bad_gradients=3))
    assert "3 gradients, not applied" in drawn(display)
    assert "3 gradients not finite" in training_line(progress(bad_gradients=3))
    assert "not finite" not in training_line(progress())


def test_gradients_that_were_too_old_and_workers_that_are_missing_are_told(clock):
    told = progress(late_gradients=12, note="1 of 8 workers wait for a place")
    display = make_display()
    display.update(told)
    assert "12 gradients, not applied" in drawn(display) and "1 of 8 workers wait" in drawn(display)
    assert training_line(told).endswith(", 12 gradients too old, 1 of 8 workers wait for a place")


def test_a_call_that_is_bounded_in_time_has_one_clock_from_its_first_sign_of_life_on(clock):
    display = make_display(seconds=60.0)
    clock.now += 40  # in which the networks are built
    display.update(progress(agent_steps=2_345))
    clock.now += 15
    display.update(progress())
    assert "25% of this call, 0:00:45 left" in drawn(display)
    clock.now += 45
    display.update(progress(agent_steps=20_000))
    text = drawn(display)
    assert "100% of this call, 0:00:00 left" in text and display.stage() == ENDING


def test_what_ends_a_call_sooner_is_what_is_left_of_it():
    pace = Pace(0, 1_000, 100.0)
    for now, steps in ((0.0, 0), (20.0, 100), (30.0, 200)):
        pace.update(now, steps)
    # The first hundred took twenty seconds, of which most went by before the first step.
    assert pace.steps_per_second == 10 and pace.seconds_left(30.0) == 70
    pace.update(40.0, 700)
    assert pace.steps_per_second == 30 and pace.seconds_left(40.0) == 10
    assert pace.share_done(40.0) == 0.7 and pace.seconds_until(500) == 0


def test_the_speed_is_that_of_the_last_minutes():
    pace = Pace(0, 10**9, None)
    for now, steps in ((0.0, 1_000), (10.0, 2_000), (WINDOW_SECONDS + 20, 3_000), (WINDOW_SECONDS + 30, 3_100)):
        pace.update(now, steps)
    assert pace.steps_per_second == 10
    assert math.isnan(Pace(5, 10, None).seconds_left(3.0))


def test_the_score_is_drawn_over_the_agent_steps(clock):
    assert sparkline([(0, -20.0), (50, -20.0), (100, 20.0)], width=4) == "▁ ▁█"
    assert sparkline([(7, 3.0)]) == "▁"
    assert sparkline([(steps, steps) for steps in range(800)], width=8) == "▁▂▃▄▅▆▇█"
    display = make_display(points=[(0, NAN), (1_000, -20.5), (2_000, -19.0)])
    display.update(progress(score_mean_100=-18.25))
    assert "-20.5 ▁" in drawn(display) and "█ -18.2 mean score so far" in drawn(display)


def test_it_is_said_what_to_expect_where_the_shipped_agents_course_is_known(clock):
    line = course_line(COURSE)
    assert "Pong/3 was -16.0 after 0.5 M, 0.0 after 1.0 M, 20.0 after 3.0 M agent steps" in line
    display = make_display(course=COURSE)
    for steps in (2_345, 12_345, 22_345):
        display.update(progress(agent_steps=steps))
        clock.now += 100
    text = drawn(display)
    # 10,000 steps in 100 s.
    assert "Pong/3 stood at -20.0 here." in text
    assert "Pong/3 came to -16.0 at 0.50 M steps, which is in 1:19:36; little moves before." in text
    display.update(progress(agent_steps=750_000))
    assert "stood at -8.0 here" in drawn(display) and "little moves" not in drawn(display)
    assert "stood" not in drawn(make_display())


def test_a_course_that_does_not_rise_has_its_end_alone():
    assert make_course("Pong/1", [(10, -20.0), (20, -21.0)]).milestones == ((20, -21.0),)
    assert math.isnan(COURSE.score_at(4_000_000))


def test_what_comes_next_are_commands_that_can_be_called():
    lines = next_lines("xdrl", "Pong", "runs/Pong", is_default=True, is_finished=False)
    assert [line.split("#")[0].split() for line in lines[1:]] == [
        ["xdrl", "train", "Pong"],
        ["xdrl", "evaluate", "Pong", "--agent", "runs/Pong"],
        ["xdrl", "explain", "Pong", "--agent", "runs/Pong"],
        ["xdrl", "export", "Pong"],
    ]
    elsewhere = next_lines("xdrl", "Pong", "mine", is_default=False, is_finished=True)
    assert not [line for line in elsewhere if " train " in line]
    assert "xdrl export Pong --run-dir mine" in elsewhere[-1]


def test_a_line_of_training_needs_no_terminal():
    line = training_line(progress(score_mean_100=-20.25))
    assert line.startswith("12,345 steps, 49,380 frames, - steps/s, 7 episodes, mean of last 100 -20.25")
    assert "nan" not in line and "\n" not in line

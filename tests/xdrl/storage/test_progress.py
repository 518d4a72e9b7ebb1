import csv
import math
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from xdrl.config import TrainingConfig
from xdrl.errors import UserError
from xdrl.messages import Gradients, Lesson, Report
from xdrl.schedules import constant, linear
from xdrl.storage.checkpoints import RunState
from xdrl.storage.progress import COLUMNS, Progress, ProgressLog, read_progress, record_scores, summarise

NAN = float("nan")
CONFIG = TrainingConfig("Pong", agent_steps=1000, learning_rate=constant(0.5), entropy_cost=constant(0.25))
CONTRACT = (
    "agent_steps,frames,seconds,steps_per_second,episodes,score_mean_100,score_best,entropy,"
    "policy_loss,value_loss,gradient_norm,policy_lag,learning_rate,entropy_cost"
)


def make_report(scores: list[float] | None = None, norm: float = 2.0, lag: int = 1, entropy: float = 1.5) -> Report:
    return Report(Lesson(0, 0, 160, scores or [], Gradients((), norm, 0.25, 0.5, entropy), {}), lag)


def test_the_curve_of_an_older_agent_has_no_learning_rate(tmp_path: Path):
    row = make_row(160)
    with (tmp_path / "progress.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([COLUMNS[:12], [getattr(row, name) for name in COLUMNS[:12]]])
    (found,) = read_progress(tmp_path / "progress.csv")
    assert (found.agent_steps, found.policy_lag) == (160, row.policy_lag)
    assert math.isnan(found.learning_rate) and math.isnan(found.entropy_cost)


def test_a_row_of_a_moment_has_the_rate_of_the_row_before():
    state = RunState(agent_steps=160)
    assert summarise(CONFIG, state, [make_report()] * 5, 0.05, 123.0).steps_per_second == 123
    assert math.isnan(summarise(CONFIG, state, [make_report()] * 5, 0.05).steps_per_second)
    assert summarise(CONFIG, state, [make_report()] * 5, 10.0, 123.0).steps_per_second == 80


def make_row(agent_steps: int, **changes: float) -> Progress:
    state = RunState(agent_steps=agent_steps, seconds=agent_steps / 100)
    return Progress(**vars(summarise(CONFIG, state, [make_report([1.0])], 2.0)) | changes)


def same(found: list[Progress], expected: list[Progress]) -> bool:
    return [repr(row) for row in found] == [repr(row) for row in expected]


def test_the_columns_are_the_contracts():
    assert ",".join(COLUMNS) == CONTRACT


def test_scores_go_into_the_state():
    state = RunState()
    record_scores(state, [make_report([3.0, -1.0]), make_report(), make_report([2.0])])
    assert (state.episodes, state.recent_scores, state.score_best) == (3, [3.0, -1.0, 2.0], 3.0)
    record_scores(state, [make_report()])
    assert (state.episodes, state.score_best) == (3, 3.0)


def test_a_run_whose_best_score_is_negative_has_that_one():
    state = RunState()
    record_scores(state, [make_report([-21.0, -20.0])])
    assert state.score_best == -20.0


def test_the_last_hundred_games_are_kept():
    state = RunState()
    for first in range(0, 130, 10):
        record_scores(state, [make_report([float(score) for score in range(first, first + 10)])])
    assert state.recent_scores == [float(score) for score in range(30, 130)]
    assert state.episodes == 130


def test_a_row_by_hand():
    state = RunState(agent_steps=1_000, seconds=12.34, episodes=2, recent_scores=[1.0, 4.0], score_best=4.0)
    reports = [make_report(lag=0, entropy=1.0), make_report(lag=3, entropy=2.0, norm=4.0)]
    config = TrainingConfig("Pong", agent_steps=4000, learning_rate=linear((0, 1e-3), (0.5, 0)))
    assert summarise(config, state, reports, 4.0) == Progress(
        agent_steps=1_000,
        frames=4_000,
        seconds=12.3,
        steps_per_second=80.0,  # 2 * 160 in 4 seconds
        episodes=2,
        score_mean_100=2.5,
        score_best=4.0,
        entropy=1.5,
        policy_loss=0.25,
        value_loss=0.5,
        gradient_norm=3.0,
        policy_lag=1.5,
        learning_rate=5e-4,  # a quarter of the budget is used
        entropy_cost=0.00775,
    )


def test_gradients_that_were_not_finite_do_not_spoil_a_row():
    bad = make_report(norm=NAN, lag=0, entropy=NAN)
    row = summarise(CONFIG, RunState(), [make_report(), bad], 1.0)
    assert (row.gradient_norm, row.entropy, row.steps_per_second) == (2.0, 1.5, 320.0)


def test_a_row_without_reports_has_no_numbers_to_show():
    row = summarise(CONFIG, RunState(), [], 0.0)
    assert all(math.isnan(value) for value in (row.score_mean_100, row.score_best, row.entropy, row.policy_lag))
    assert math.isnan(row.steps_per_second)


def test_rows_are_written_under_the_contracts_header_and_read_back(tmp_path: Path):
    rows = [make_row(160, score_mean_100=NAN, score_best=NAN), make_row(320)]
    log = ProgressLog(tmp_path, 0)
    for row in rows:
        log.write(row)
    log.close()
    with (tmp_path / "progress.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert ",".join(lines[0]) == CONTRACT
    assert [line[0] for line in lines[1:]] == ["160", "320"]
    assert same(read_progress(tmp_path / "progress.csv"), rows)


def test_tensorboard_reads_every_number_that_there_is(tmp_path: Path):
    log = ProgressLog(tmp_path, 0)
    log.write(make_row(160, score_mean_100=2.0, score_best=NAN))
    log.write(make_row(320, score_mean_100=3.0, score_best=7.0))
    log.close()
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()
    assert set(COLUMNS[2:]) <= set(tags["scalars"]) | set(tags["tensors"])
    steps = {tag: [event.step for event in events.Tensors(tag)] for tag in ("entropy", "score_best")}
    assert steps == {"entropy": [160, 320], "score_best": [320]}
    assert events.Tensors("score_best")[0].tensor_proto.float_val[0] == 7.0


def test_rows_beyond_the_checkpoint_are_dropped_and_the_others_kept(tmp_path: Path):
    log = ProgressLog(tmp_path, 0)
    for agent_steps in (160, 320, 480):
        log.write(make_row(agent_steps))
    log.close()
    log = ProgressLog(tmp_path, 320)
    log.write(make_row(640))
    log.close()
    found = read_progress(tmp_path / "progress.csv")
    assert same(found, [make_row(agent_steps) for agent_steps in (160, 320, 640)])


def test_a_row_that_a_killed_run_left_unfinished_is_passed_over(tmp_path: Path):
    log = ProgressLog(tmp_path, 0)
    log.write(make_row(160))
    log.close()
    with (tmp_path / "progress.csv").open("a") as file:
        file.write("320,1280,3.2")
    assert same(read_progress(tmp_path / "progress.csv"), [make_row(160)])
    log = ProgressLog(tmp_path, 1_000)
    log.write(make_row(480))
    log.close()
    assert [row.agent_steps for row in read_progress(tmp_path / "progress.csv")] == [160, 480]


def test_a_run_without_a_log_has_no_rows(tmp_path: Path):
    assert read_progress(tmp_path / "progress.csv") == []


def test_a_log_that_cannot_be_opened_keeps_the_rows_that_were_there(tmp_path: Path, file_size_limit):
    log = ProgressLog(tmp_path, 0)
    rows = [make_row(agent_steps) for agent_steps in (160, 320)]
    for row in rows:
        log.write(row)
    log.close()
    with file_size_limit(150), pytest.raises((OSError, UserError), match="too large"):
        ProgressLog(tmp_path, 1_000)
    assert same(read_progress(tmp_path / "progress.csv"), rows)

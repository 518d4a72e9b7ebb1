"""Learning curves: where they are read from, what is passed over, and when the paper's score stands beside them."""

import json
from pathlib import Path

import numpy as np
import pytest

from xdrl.config import NetworkConfig, TrainingConfig, save_run_config
from xdrl.errors import UserError
from xdrl.games import Crop
from xdrl.pictures.curves import Curve, EvaluationPoint, Series, find_curves, make_panels, read_curve
from xdrl.storage.progress import Progress, write_progress

NAN = float("nan")
RECORD = {"protocol": "standard", "agent_steps": 300, "mean": 7.5, "standard_error": 0.5}


def make_rows(*pairs: tuple[int, float]) -> list[Progress]:
    """Rows of (agent steps, score): the entropy is a thousandth of the steps."""
    return [Progress(s, 4 * s, 1.0, 50.0, 3, score, score, s / 1000, 0.1, 0.2, 3.0, 1.0) for s, score in pairs]


def make_run(folder: Path, rows: list[Progress] | None, game: str = "Pong", network: str = "a3c") -> Path:
    folder.mkdir(parents=True)
    config = NetworkConfig(network, ("NOOP", "FIRE"), Crop(34, 194), 0.3, 0.1)
    save_run_config(folder / "config.json", TrainingConfig(game, network), config)
    if rows is not None:
        write_progress(folder / "progress.csv", rows)
    return folder


def make_version(folder: Path, rows: list[Progress] | None, **changes: object) -> Path:
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    values = {"game": "Qbert", "network": {"kind": "e-a3c"}, "training": {"agent_steps": 300}, "evaluation": RECORD}
    (folder / "assets.extra" / "agent.json").write_text(json.dumps(values | changes))
    if rows is not None:
        write_progress(folder / "assets.extra" / "progress.csv", rows)
    return folder


def make_curve(game: str, *scores: float, evaluation: EvaluationPoint | None = None) -> Curve:
    series = Series(np.arange(len(scores)), np.array(scores))
    return Curve(game, "a3c", Path("run"), series, series, evaluation)


def test_a_run_is_read_without_the_rows_before_the_first_game_ended(tmp_path):
    run = make_run(tmp_path / "run", make_rows((100, NAN), (200, -20.5), (300, -13.0)))
    curve = read_curve(run)
    assert (curve.game, curve.network, curve.folder, curve.evaluation) == ("Pong", "a3c", run, None)
    assert curve.scores.agent_steps.tolist() == [200, 300]
    assert curve.scores.values.tolist() == [-20.5, -13.0]
    assert curve.entropies.agent_steps.tolist() == [100, 200, 300]
    assert curve.entropies.values.tolist() == [0.1, 0.2, 0.3]


def test_an_exported_agent_is_its_highest_version_or_the_one_that_is_named(tmp_path):
    first = make_version(tmp_path / "Qbert" / "9", make_rows((100, 1.0)))
    second = make_version(tmp_path / "Qbert" / "10", make_rows((100, 2.0)))
    for named, folder, score in ((tmp_path / "Qbert", second, 2.0), (first, first, 1.0)):
        curve = read_curve(named)
        assert (curve.game, curve.network, curve.folder) == ("Qbert", "e-a3c", folder)
        assert curve.scores.values.tolist() == [score]
        assert curve.evaluation == EvaluationPoint(300, 7.5, 0.5)


def test_an_evaluation_stands_at_the_steps_it_was_made_with(tmp_path):
    run = make_run(tmp_path / "run", make_rows((100, 1.0), (900, 2.0)))
    (run / "evaluations.json").write_text(json.dumps({"standard": RECORD}))
    assert read_curve(run).evaluation == EvaluationPoint(300, 7.5, 0.5)
    (run / "evaluations.json").write_text(json.dumps({"standard": RECORD | {"standard_error": None}}))
    assert np.isnan(read_curve(run).evaluation.standard_error)


@pytest.mark.parametrize("text", [json.dumps({"sticky": RECORD}), "", "[]", '{"standard": {"agent_steps": 3}}'])
def test_an_evaluation_under_another_protocol_or_a_damaged_one_is_passed_over(tmp_path, text):
    run = make_run(tmp_path / "run", make_rows((100, 1.0)))
    (run / "evaluations.json").write_text(text)
    assert read_curve(run).evaluation is None


@pytest.mark.parametrize(
    ("rows", "found"), [(None, "no such file"), ([], "no rows"), (make_rows((100, NAN)), "no game that ended")]
)
def test_a_run_without_a_curve_is_named(tmp_path, rows, found):
    run = make_run(tmp_path / "run", rows)
    with pytest.raises(UserError, match=rf"expected a learning curve in {run}/progress.csv, got {found}"):
        read_curve(run)
    version = make_version(tmp_path / "Qbert" / "1", rows)
    with pytest.raises(UserError, match=rf"in {version}/assets.extra/progress.csv, got {found}"):
        read_curve(tmp_path / "Qbert")


def test_a_curve_of_rubbish_is_none(tmp_path):
    run = make_run(tmp_path / "run", None)
    (run / "progress.csv").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(UserError, match="got no rows"):
        read_curve(run)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match=rf"a run or an exported agent in {tmp_path}, got neither"):
        read_curve(tmp_path)
    with pytest.raises(UserError, match="gone, got no such folder"):
        read_curve(tmp_path / "gone")


def test_an_export_that_does_not_say_what_it_is_is_refused(tmp_path):
    version = make_version(tmp_path / "1", make_rows((100, 1.0)), network=None)
    with pytest.raises(UserError, match=r"expected game, network and evaluation in .*agent\.json"):
        read_curve(version)


def test_without_a_name_every_run_is_meant_and_those_without_a_curve_are_named(tmp_path):
    places = {"runs": tmp_path / "runs", "saved_models": tmp_path / "saved_models"}
    make_version(tmp_path / "saved_models" / "Qbert" / "1", make_rows((100, 1.0)))
    make_run(tmp_path / "runs" / "B", make_rows((100, 2.0)))
    make_run(tmp_path / "runs" / "A", make_rows((100, 3.0)))
    new = make_run(tmp_path / "runs" / "New", None)
    (tmp_path / "runs" / "notes").mkdir()
    curves, without = find_curves(**places)
    assert [curve.folder.name for curve in curves] == ["A", "B"]
    assert len(without) == 1 and str(new) in without[0]


def test_without_runs_the_shipped_agents_are_meant(tmp_path):
    places = {"runs": tmp_path / "runs", "saved_models": tmp_path / "saved_models"}
    with pytest.raises(UserError, match=r"expected a learning curve in .*runs or .*, found none; get one: train Pong"):
        find_curves(**places)
    silent = make_version(tmp_path / "saved_models" / "Pong" / "1", None)
    with pytest.raises(UserError, match=rf"^expected a learning curve in {silent}.*, got no such file$"):
        find_curves(**places)
    shipped = make_version(tmp_path / "saved_models" / "Qbert" / "2", make_rows((100, 1.0)))
    curves, without = find_curves(**places)
    assert [curve.folder for curve in curves] == [shipped]
    assert len(without) == 1 and str(silent) in without[0]


def test_each_game_has_a_panel_with_its_row_of_the_paper():
    curves = [make_curve(game, 1.0) for game in ("Qbert", "Pong", "Qbert", "Breakout")]
    panels = make_panels(curves)
    assert [panel.game for panel in panels] == ["Qbert", "Pong", "Breakout"]
    assert panels[0].curves == (curves[0], curves[2])
    assert [panel.paper and panel.paper.best_mean for panel in panels] == [21182.25, 21.0, None]


@pytest.mark.parametrize(
    ("game", "scores", "evaluation", "is_near"),
    [
        ("Pong", (-20.2, 7.8), None, True),  # 28 of the 41.2 that would be drawn
        ("Pong", (-20.5, -19.0), None, False),
        ("Pong", (-20.5, -19.0), 17.5, True),
        ("Pong", (-20.5,), None, False),
        ("Qbert", (115.0, 326.0), None, False),
        ("Qbert", (115.0, 24000.0), None, True),
        ("Breakout", (1.0, 30.0), None, False),
    ],
)
def test_the_papers_score_is_near_where_it_would_not_flatten_the_curves(game, scores, evaluation, is_near):
    point = None if evaluation is None else EvaluationPoint(2, evaluation, 0.5)
    assert make_panels([make_curve(game, *scores, evaluation=point)])[0].is_paper_near is is_near

"""What the commands say when they cannot do what they are asked: one line, and never a traceback."""

import re
import socket
from pathlib import Path

import pytest

BRIEF = ("--agent-steps", "1", "--minutes", "0.01")
"""Ends a training that should have been refused."""


@pytest.mark.parametrize("name", ["train", "evaluate", "explain", "export"])
def test_an_unknown_game_is_refused_with_the_nearest_names(fails, name):
    assert "got 'pnog'; the nearest are Pong" in fails(name, "pnog")


def test_an_unknown_game_of_a_query_is_refused_with_the_nearest_names(fails, screenshot):
    assert "the nearest are Pong" in fails("query", screenshot, "--game", "pnog")


@pytest.mark.parametrize("game", ["combat", "joust", "maze_craze", "warlords"])
def test_a_game_that_the_emulator_cannot_play_alone_is_refused_in_one_line(run, tmp_path, game):
    refused = run(tmp_path, "train", game, "--agent-steps", 1)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ") and refused.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_wrong_names_are_refused_with_those_that_exist(fails, done):
    assert "paper, sb3, sb3-v5, got 'best'" in fails("evaluate", "--protocol", "best")
    for arguments in (("explain", "--method", "tea"), ("trust", "--methods", "grad-cam,tea", "--steps", "20")):
        assert re.search("expected a method of grad-cam, .*, got 'tea'", fails(*arguments))
    assert "expected a target of chosen, value" in fails("explain", "--target", "all")
    assert "expected an action of NOOP, FIRE, RIGHT" in fails("explain", "--target", "action:JUMP")
    assert "expected network one of e-a3c, a3c, got lstm" in fails(
        "train", "Pong", "--network", "lstm", "--run-dir", "new", *BRIEF
    )
    assert not Path("new/config.json").exists()


def test_agents_that_are_not_there_are_named(fails, done):
    for name in ("evaluate", "explain"):
        assert "in nowhere, got no such folder" in fails(name, "--agent", "nowhere")
    assert "in explanations, got Pong" in fails("explain", "--agent", "explanations")
    places = "runs/Seaquest, imported/Seaquest, exported_models/Seaquest or saved_models/Seaquest"
    said = fails("evaluate", "seaquest")
    assert f"expected an agent of Seaquest in {places}; get one: train Seaquest, or import" in said
    assert "runs/Qbert, got no such folder" in fails("export", "Qbert")
    assert "expected an agent of Qbert in runs/Pong, got one of Pong" in fails(
        "export", "Qbert", "--run-dir", "runs/Pong"
    )


def test_a_curve_that_is_not_there_or_cannot_be_written_is_refused(fails, done):
    assert "expected a run or an exported agent in nowhere, got no such folder" in fails("plot", "nowhere")
    assert "expected a run or an exported agent in explanations, got neither" in fails("plot", "explanations")
    nothing = "expected a learning curve in runs/Pong/progress.csv, got no game that ended"
    assert nothing in fails("plot", "runs/Pong", "--output", "curve.png")
    assert not Path("curve.png").exists() and not Path("learning-curves.png").exists()


def test_a_benchmark_that_makes_no_sense_is_refused_before_anything_is_measured(fails):
    assert "the nearest are Pong" in fails("benchmark", "--game", "pnog")
    assert "expected seconds above 0, got 0" in fails("benchmark", "--seconds", 0)
    assert "expected seconds above 0, got nan" in fails("benchmark", "--seconds", "nan")
    nothing = "expected an exported agent of Seaquest, got none; get one: export Seaquest"
    assert nothing in fails("benchmark", "--serve", "--game", "seaquest")


def test_a_run_folder_of_something_else_is_refused(fails, done):
    assert "holds a run of game Pong, and Qbert was asked for" in fails(
        "train", "Qbert", "--run-dir", "runs/Pong", *BRIEF
    )
    assert "holds a run of network a3c, and e-a3c was asked" in fails("train", "Pong", "--network", "e-a3c", *BRIEF)
    assert "expected an empty folder or a run in explanations" in fails(
        "train", "Pong", "--run-dir", "explanations", *BRIEF
    )


def test_a_start_from_another_agent_is_refused(fails, done):
    line = fails("train", "Qbert", "--network", "a3c", "--from", "runs/Pong", "--run-dir", "new", *BRIEF)
    assert "expected an agent of Qbert with the network a3c in runs/Pong, got one of Pong with a3c" in line
    assert "got one of Pong with a3c" in fails(
        "train", "Pong", "--from", "exported_models/Pong", "--run-dir", "newer", *BRIEF
    )
    assert "no such folder" in fails("train", "Pong", "--from", "nowhere", "--run-dir", "newest", *BRIEF)
    assert "holds a run that would go on" in fails("train", "Pong", "--from", "exported_models/Pong", *BRIEF)


def test_a_query_that_cannot_be_answered_says_why(fails, done, server, screenshot, home):
    (home / "notes.txt").write_text("no image")
    assert "expected image_bytes to be a PNG or JPEG image" in fails("query", "notes.txt", "--url", server)
    assert "Servable not found" in fails("query", screenshot, "--game", "Qbert", "--url", server)
    assert "expected a screenshot in gone.png, got: No such file" in fails("query", "gone.png", "--url", server)
    assert "expected a model server at http://127.0.0.1:9/" in fails("query", screenshot, "--url", "http://127.0.0.1:9")


def test_a_server_that_cannot_start_says_why(fails, done):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert str(port) in fails("serve", "--port", port)
        assert str(port) in fails("serve", "--port", 0, "--grpc-port", port)
    assert "nowhere" in fails("serve", "--models", "nowhere", "--port", 0, "--grpc-port", 0)
    assert "nowhere" in fails("serve", "--model-config-file", "nowhere", "--port", 0, "--grpc-port", 0)
    # As the real server's options are spelled.
    real = ("--model_config_file=nowhere", "--model_config_file_poll_wait_seconds=1", "--rest_api_enable_cors_support")
    assert "nowhere" in fails("serve", *real, "--port", 0, "--grpc-port", 0)
    both = fails(
        "serve", "--models", "exported_models", "--model-config-file", "models.config", "--port", 0, "--grpc-port", 0
    )
    assert "Expected either a folder of models or a model config file, got both" in " ".join(both.split())


def test_wrong_usage_ends_with_2_and_no_traceback(run, home):
    for arguments in (
        ("train",),
        ("train", "Pong", "--agent-steps", "few"),
        ("evaluate", "--episodes", "0"),
        ("sing",),
    ):
        refused = run(home, *arguments)
        assert refused.returncode == 2
        assert "Error" in refused.stderr and "Traceback" not in refused.stderr


def test_debug_shows_the_traceback_wherever_it_stands(run, home):
    for arguments in (
        ("--debug", "query", "gone.png", "--game", "Pong"),
        ("query", "gone.png", "--game", "Pong", "--debug"),
    ):
        refused = run(home, *arguments)
        assert refused.returncode == 1
        assert "Traceback (most recent call last)" in refused.stderr and "expected a screenshot" in refused.stderr

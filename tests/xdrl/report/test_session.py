"""A live game: it plays what a recorded one plays, and explains the steps that are kept."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.games import Protocol
from xdrl.objects.edits import Erase, Move, Paint, change_screen
from xdrl.objects.so_far import watch_game
from xdrl.report import session as sessions
from xdrl.report.session import Session

CHOSEN = [("grad-cam", "chosen")]


@pytest.fixture
def session(agent) -> Iterator[Session]:
    started = Session(agent, Protocol(), "standard", is_greedy=False, seed=0)
    yield started
    started.close()


def test_it_plays_the_game_that_is_recorded_with_the_seed(session, recording):
    played = [session.step([])["series"] for _ in range(5)]
    assert [step["action"] for step in played] == recording.actions[:5, None].tolist()
    np.testing.assert_allclose([step["value"][0] for step in played], recording.values[:5], atol=1e-3)


def test_maps_come_with_the_step_or_are_asked_for_later(session):
    now = session.step([*CHOSEN, ("grad-cam", "contrast:FIRE")])["maps"]
    assert [each["target"] for each in now] == ["chosen", "contrast:FIRE"]
    session.step([])
    assert session.maps(0, CHOSEN)["maps"] == now[:1]
    assert session.maps(2, CHOSEN)["maps"] == session.maps(-1, CHOSEN)["maps"] == []


def test_a_map_that_can_not_be_computed_says_why_and_the_game_goes_on(session):
    step = session.step([("tea-leaves", "chosen"), ("grad-cam", "action:JUMP"), *CHOSEN])
    assert step["maps"][0]["refused"].startswith("expected a method of grad-cam")
    assert step["maps"][1]["refused"].startswith("expected an action of")
    assert "strengths" in step["maps"][2] and step["series"]["action"]


def test_a_new_game_has_the_next_seed_and_no_past(session, agent):
    first = [session.step([])["series"]["action"] for _ in range(8)]
    session.new_game()
    assert session.maps(0, CHOSEN) == {"maps": []}
    other = Session(agent, Protocol(), "standard", is_greedy=False, seed=1)
    again = [session.step([])["series"]["action"] for _ in range(8)]
    assert again == [other.step([])["series"]["action"] for _ in range(8)] != first
    other.close()


def test_a_game_ends(agent):
    short = Session(agent, dataclasses.replace(Protocol(), max_frames=40, noop_max=0), "short", is_greedy=True, seed=0)
    ends = [short.step([]) for _ in range(12)]
    assert [end["is_over"] for end in ends].index(True) == 9
    assert ends[-1] == {"is_over": True}
    short.close()


def test_only_the_newest_steps_are_kept(agent, monkeypatch):
    monkeypatch.setattr(sessions, "STEPS_KEPT", 3)
    short = Session(agent, Protocol(), "standard", is_greedy=False, seed=0)
    for _ in range(5):
        short.step([])
    assert [bool(short.maps(step, CHOSEN)["maps"]) for step in range(6)] == [False, False, True, True, True, False]
    assert short.page["steps_kept"] == 3
    short.close()


def play_to_objects(session: Session, agent, screens: np.ndarray) -> tuple[int, list]:
    """Plays until there are objects; returns that step, and the objects of every step so far."""
    seen = watch_game(screens, agent.watch_objects())
    step = next(step for step, each in enumerate(seen) if each.objects)
    for _ in range(step + 1):
        session.step([])
    return step, seen


def test_a_changed_step_is_answered_from_the_memory_of_the_step_and_the_game_goes_on(session, agent, recording):
    step, seen = play_to_objects(session, agent, recording.screens)
    item = seen[step].objects[0]
    edits = [Move(0, to=(0, item.top)), Paint((60, 60, 100, 100), (200, 30, 30))]
    found = session.what_if(step, edits, [*CHOSEN, ("objects", "chosen")])
    changed = change_screen(recording.screens[step], seen[step], edits).screen
    state = type(recording.state)(*(part[[step]] for part in recording.state))
    expected = agent.act(changed, state)
    np.testing.assert_allclose(found["thoughts"]["probabilities"], expected.probabilities, atol=1e-4)
    np.testing.assert_allclose(found["thoughts"]["value"], expected.values, atol=1e-3)
    assert found["words"].startswith("With the ") and " and with a painted box: " in found["words"]
    assert found["objects"][0]["box"] == [0, item.top, item.right - item.left, item.bottom]
    grad_cam, objects = found["maps"]
    assert grad_cam["strengths"] and objects["objects"]["counts"] == [len(seen[step].objects)]
    following = session.step([])["series"]
    assert following["action"] == [recording.actions[step + 1]]
    np.testing.assert_allclose(following["value"], recording.values[[step + 1]], atol=1e-3)


def test_without_a_change_all_is_as_it_was(session, agent, recording):
    step, _ = play_to_objects(session, agent, recording.screens)
    found = session.what_if(step, [], CHOSEN)
    assert found["words"] == "As it is: no change."
    assert found["maps"] == session.maps(step, CHOSEN)["maps"]
    np.testing.assert_allclose(found["thoughts"]["probabilities"][0], recording.probabilities[step], atol=1e-4)


def test_a_step_that_is_not_kept_and_an_object_that_is_not_there_are_refused(session):
    session.step([])
    with pytest.raises(UserError, match="expected a step from 0 to 0, which are kept, got 1"):
        session.what_if(1, [], [])
    with pytest.raises(UserError, match="expected one of the 0 objects"):
        session.what_if(0, [Erase(0)], [])


def test_a_game_is_played_again_by_its_seed(session):
    first = [session.step([])["series"]["action"] for _ in range(8)]
    assert session.new_game() == {"seed": 1}
    assert session.new_game(0) == {"seed": 0}
    assert [session.step([])["series"]["action"] for _ in range(8)] == first

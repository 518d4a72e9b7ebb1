import json

import pytest

from xdrl.errors import UserError
from xdrl.schedules import Schedule, constant, linear, parse_schedule, schedule_from_json, schedule_to_json

NAN = float("nan")


def test_a_schedule_is_linear_between_its_points_and_level_outside():
    schedule = linear((0.1, 4.0), (0.5, 2.0), (0.9, 0.0))
    found = [schedule(progress) for progress in (0.0, 0.1, 0.3, 0.5, 0.6, 0.9, 1.0)]
    assert found == pytest.approx([4.0, 4.0, 3.0, 2.0, 1.5, 0.0, 0.0])
    assert schedule.lowest == 0.0


def test_a_constant_never_changes():
    assert [constant(3e-4)(progress) for progress in (0.0, 0.5, 1.0)] == [3e-4] * 3


@pytest.mark.parametrize(
    ("text", "schedule"),
    [("3e-4", constant(3e-4)), ("0:3e-4,1:0", linear((0, 3e-4), (1, 0))), (" 0.2 : 1 ", linear((0.2, 1)))],
)
def test_a_schedule_is_read_as_one_writes_it(text: str, schedule: Schedule):
    assert parse_schedule(text) == schedule


@pytest.mark.parametrize("schedule", [constant(0.5), linear((0, 3.75e-4), (0.1, 2e-4), (1, 0))])
def test_a_schedule_survives_json_and_text(schedule: Schedule):
    assert schedule_from_json(json.loads(json.dumps(schedule_to_json(schedule)))) == schedule
    assert parse_schedule(str(schedule)) == schedule


@pytest.mark.parametrize("text", ["", "fast", "0:1,1", "0:1;1:0", "0:1:2"])
def test_a_text_that_is_no_schedule_is_refused(text: str):
    with pytest.raises(UserError, match=r"expected a number, or PROGRESS:VALUE,\.\.\. such as .* got"):
        parse_schedule(text)


@pytest.mark.parametrize(
    "points",
    [(), ((0.5, 1.0), (0.5, 2.0)), ((1.0, 1.0), (0.0, 2.0)), ((0.0, NAN),), ((-0.1, 1.0),), ((0.0, 1.0), (1.1, 0.0))],
)
def test_points_out_of_order_or_out_of_the_run_are_refused(points: tuple):
    with pytest.raises(UserError, match="expected points of rising progress between 0 and 1"):
        Schedule(points)


@pytest.mark.parametrize("value", [None, "fast", [1.0], [[0, 1, 2]]])
def test_json_that_is_no_schedule_is_refused(value: object):
    with pytest.raises(UserError, match="expected"):
        schedule_from_json(value)

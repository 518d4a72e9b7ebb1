"""The four signatures, in the session that TensorFlow Serving runs them in, against the live network."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

ANSWER = {
    "action": ("int64", [-1]),
    "action_name": ("string", [-1]),
    "action_names": ("string", [-1, 6]),
    "action_probabilities": ("float32", [-1, 6]),
    "value": ("float32", [-1]),
    "heatmap": ("float32", [-1, 8, 8]),
    "heatmap_peak": ("float32", [-1]),
    "heatmap_status": ("string", [-1]),
    "heatmap_box": ("float32", [-1, 4]),
}
IMAGE = {"image_bytes": ("string", [-1])}
STATE = {"state_h": ("float32", [-1, 256]), "state_c": ("float32", [-1, 256])}
FRAME = {"frame": ("uint8", [-1, 210, 160, 3]), **STATE}
SIGNATURES = {
    "serving_default": (IMAGE, ANSWER),
    "overlay": (IMAGE, ANSWER | {"overlay_bytes": ("string", [-1])}),
    "step": (FRAME, ANSWER | {f"next_{name}": value for name, value in STATE.items()}),
    "explain": (
        FRAME | {"target_action": ("int64", [-1])},
        {name: ANSWER[name.removeprefix("contrast_")] for name in ("heatmap", "heatmap_peak", "contrast_heatmap")},
    ),
}


@pytest.mark.parametrize("signature", list(SIGNATURES))
def test_names_types_and_shapes_are_those_of_the_contract(session, signature):
    definition = session[0].signature_def[signature]
    for tensors, expected in zip((definition.inputs, definition.outputs), SIGNATURES[signature], strict=True):
        found = {
            name: (tf.as_dtype(info.dtype).name, [dim.size for dim in info.tensor_shape.dim])
            for name, info in tensors.items()
        }
        assert found == expected


def test_there_are_no_other_signatures(session):
    assert set(session[0].signature_def) - {"__saved_model_init_op"} == set(SIGNATURES)


@pytest.mark.parametrize("count", [1, 3])
def test_screenshots_are_answered_as_the_live_network_answers(session, tiny, agent, screens, count):
    part = screens[:count]
    tiny.check_answer(agent, session[1]("serving_default", image_bytes=tiny.images(*map(tiny.encode, part))), part)


@pytest.mark.parametrize("count", [1, 3])
def test_frames_with_a_core_state_are_answered_as_the_live_network_answers(session, tiny, agent, screens, count):
    state = tiny.random_state(agent, count)
    answer = session[1]("step", frame=screens[:count], state_h=state.h, state_c=state.c)
    tiny.check_answer(agent, answer, screens[:count], state)
    decision = agent.act(screens[:count], state)
    np.testing.assert_allclose(answer["next_state_h"], decision.state.h, atol=1e-5)
    np.testing.assert_allclose(answer["next_state_c"], decision.state.c, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_a_named_action_is_explained_and_contrasted(session, tiny, agent, screens, count):
    state = tiny.random_state(agent, count)
    targets = np.array([4, 0, 2][:count])
    answer = session[1]("explain", frame=screens[:count], state_h=state.h, state_c=state.c, target_action=targets)
    for index, target in enumerate(targets):
        name = agent.action_names[target]
        part = slice(index, index + 1)
        one = screens[part], type(state)(state.h[part], state.c[part])
        found = agent.explain(*one, f"action:{name}")
        np.testing.assert_allclose(answer["heatmap"][part], tiny.heatmaps(found), atol=1e-3)
        np.testing.assert_allclose(answer["heatmap_peak"][part], found.peaks, rtol=1e-3)
        contrast = agent.explain(*one, f"contrast:{name}")
        np.testing.assert_allclose(answer["contrast_heatmap"][part], tiny.heatmaps(contrast), atol=1e-3)


def test_the_chosen_action_is_contrasted_with_the_runner_up(session, tiny, agent, screens):
    zero, decision = agent.initial_state(3), agent.act(screens)
    answer = session[1]("explain", frame=screens, state_h=zero.h, state_c=zero.c, target_action=decision.actions)
    np.testing.assert_allclose(answer["heatmap"], tiny.heatmaps(agent.explain(screens)), atol=1e-3)
    runner_up = tiny.heatmaps(agent.explain(screens, target="contrast"))
    assert runner_up.max() == 1
    np.testing.assert_allclose(answer["contrast_heatmap"], runner_up, atol=1e-3)


@pytest.mark.parametrize("target", [-1, 6])
def test_an_action_that_does_not_exist_is_refused(session, agent, screens, target):
    zero = agent.initial_state(1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected target_action from 0 to"):
        session[1](
            "explain", frame=screens[:1], state_h=zero.h, state_c=zero.c, target_action=np.array([target], np.int64)
        )


@pytest.mark.parametrize("count", [1, 3])
def test_the_overlay_is_the_screen_three_times_its_size_under_the_heat(session, tiny, agent, screens, count):
    from xdrl.pictures.overlays import overlay

    answer = session[1]("overlay", image_bytes=tiny.images(*map(tiny.encode, screens[:count])))
    tiny.check_answer(agent, answer, screens[:count])
    expected = np.asarray(overlay(screens[:count], answer["heatmap"], agent.network.heatmap_box))
    for index in range(count):
        picture = Image.open(io.BytesIO(answer["overlay_bytes"][index]))
        assert (picture.format, picture.size) == ("PNG", (480, 630))
        assert np.abs(np.asarray(picture).astype(int) - expected[index]).max() <= 1
        np.testing.assert_array_equal(np.asarray(picture)[:100:3, ::3], screens[index, :34])


def test_step_fed_back_plays_what_the_live_network_plays(session, agent):
    from xdrl.environments import VectorEnvironment

    played, live = VectorEnvironment(agent.game, 1), VectorEnvironment(agent.game, 1)
    served_screens, live_screens = played.reset(3), live.reset(3)
    h, c = agent.initial_state(1)
    state = agent.initial_state(1)
    actions = []
    for _ in range(50):
        answer = session[1]("step", frame=served_screens, state_h=h, state_c=c)
        decision = agent.act(live_screens, state)
        h, c, state = answer["next_state_h"], answer["next_state_c"], decision.state
        np.testing.assert_allclose(answer["action_probabilities"], decision.probabilities, atol=1e-4)
        served_screens, live_screens = played.step(answer["action"]).screens, live.step(decision.actions).screens
        np.testing.assert_array_equal(served_screens, live_screens)
        actions.append(int(answer["action"][0]))
    played.close()
    live.close()
    assert len(set(actions)) > 1

"""What agents, decisions and explanations show: short as text; in a notebook pictures, bars and words."""

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from xdrl.agents import Decision, Explanation
from xdrl.explanations.strengths import scale_to_episode
from xdrl.notebooks.cards import SHOWN
from xdrl.pictures.overlays import overlay


def pictures(shown: str) -> list[np.ndarray]:
    """The pictures in what a notebook shows."""
    encoded = re.findall(r'src="data:image/png;base64,([^"]+)"', shown)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in encoded]


def words(shown: str) -> str:
    """What is left where a viewer drops all styles."""
    return re.sub(r"<[^>]+>", "", shown)


def test_as_text_they_are_one_short_line(agent, screens):
    decision = agent.act(screens)
    best = agent.action_names[decision.actions[0]]
    assert repr(decision).startswith(f"<Decision on 5 screens: {best} {decision.probabilities[0].max():.2f}, ")
    assert repr(decision).endswith(", and 2 more>")
    assert repr(decision.state) == "<CoreState of 5 x 256 numbers>"
    found = agent.explain(screens, target="value")
    assert repr(found).startswith("<Explanation of 5 screens, value by grad-cam: 8 x 8 cells, ")
    assert f"strongest peak {found.peaks.max():.3g}" in repr(found)
    assert repr(agent) == "<Agent of Pong: tiny, 40 agent steps>"
    assert max(len(repr(each)) for each in (decision, found, agent)) < 200


def test_a_decision_shows_the_screen_and_how_probable_each_action_was(agent, screens):
    decision = agent.act(screens[:1])
    shown = decision._repr_html_()
    np.testing.assert_array_equal(pictures(shown), screens[:1])
    best = agent.action_names[decision.actions[0]]
    said = words(shown)
    assert f"{best}, with a probability of {decision.probabilities.max():.2f}." in said
    for name, probability in zip(agent.action_names, decision.probabilities[0], strict=True):
        assert f"{name}  {probability:.2f}" in said
        assert f"width:{100 * probability:.1f}%" in shown
    assert "more" not in said


def test_an_explanation_shows_the_first_screens_under_their_maps_and_says_how_many_more(agent, screens):
    found = agent.explain(screens)
    expected = overlay(screens, scale_to_episode(found.maps, found.peaks), found.box, 1)
    shown = pictures(found._repr_html_())
    assert len(shown) == 2 * SHOWN
    np.testing.assert_array_equal(shown[::2], screens[:SHOWN])
    np.testing.assert_array_equal(shown[1::2], expected[:SHOWN])
    assert words(found._repr_html_()).endswith(f"{found.asked.preferences[2, 5]:.2f}and 2 more")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("chosen", "What spoke for RIGHT, the action that was chosen."),
        ("value", "What spoke for the value."),
        ("action:fire", "What spoke for FIRE."),
        ("contrast:left", "What spoke for RIGHT rather than LEFT."),
        ("contrast", "What spoke for RIGHT rather than {other}."),
        ("contrast:right", "What spoke for RIGHT rather than {other}."),
    ],
)
def test_the_sentence_says_what_was_asked(agent, screens, target, said):
    found = agent.explain(screens[:1], actions=np.array([2]))
    shown = found._replace(asked=dataclasses.replace(found.asked, target=target))._repr_html_()
    probabilities = agent.act(screens[:1]).probabilities[0].copy()
    probabilities[2] = 0
    assert said.format(other=agent.action_names[probabilities.argmax()]) in words(shown)


def test_a_blank_map_is_said_to_be_blank_and_why(agent, screens):
    found = agent.explain(screens[:1])
    blank = found._replace(maps=0 * found.maps, peaks=0 * found.peaks, statuses=["all_negative"])
    assert "blank: all speaks against" in words(blank._repr_html_())
    np.testing.assert_array_equal(pictures(blank._repr_html_())[1], screens[0])


def test_records_that_do_not_know_their_screens_show_what_they_know(agent, screens):
    decision, found = agent.act(screens), agent.explain(screens)
    bare, alone = Decision(*decision[:5]), Explanation(*found[:4])
    assert repr(bare).startswith(f"<Decision on 5 screens: {decision.actions[0]} ")
    assert pictures(bare._repr_html_()) == pictures(alone._repr_html_()) == []
    assert repr(alone).startswith("<Explanation of 5 screens: 8 x 8 cells")


def test_an_agent_says_where_it_is_from_and_what_it_can_do(agent):
    said = words(agent._repr_html_())
    assert "Agent of Pong" in said and "40 agent steps (160 frames)" in said and ", ".join(agent.action_names) in said

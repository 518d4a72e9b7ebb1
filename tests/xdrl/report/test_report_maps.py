"""The report's maps in a real browser: they are those of the videos, whatever is chosen."""

import numpy as np
import pytest
from keras import ops

from xdrl.explanations.episodes import explain_episode
from xdrl.explanations.strengths import shares_of_strong, strong_peak
from xdrl.pictures.overlays import overlay
from xdrl.report import build_report


def expected_overlay(agent, recording, target: str, step: int) -> np.ndarray:
    episode = explain_episode(agent, recording, target, "grad-cam")
    part = slice(step, step + 1)
    drawn = overlay(recording.screens[part], episode.heatmaps[part], agent.network.heatmap_box, scale=1)
    return ops.convert_to_numpy(drawn)[0].astype(int)


def near(pixels: np.ndarray, expected: np.ndarray) -> bool:
    """Says whether two pictures look the same; a canvas that is not drawn yet has another size."""
    return pixels.shape == expected.shape and bool(np.abs(pixels - expected).max() <= 2)


def strong_step(agent, recording, target: str) -> int:
    """A step whose map is clearly there."""
    return int(explain_episode(agent, recording, target, "grad-cam").explanation.peaks.argmax())


@pytest.mark.parametrize("target", ["chosen", "value", "contrast:FIRE"])
def test_the_overlay_is_the_one_of_the_videos(report, agent, recording, target: str):
    report.choose("#target", target)
    peaks = explain_episode(agent, recording, target, "grad-cam").explanation.peaks
    strong, middling, weak = (int(np.abs(peaks - share * strong_peak(peaks)).argmin()) for share in (1, 0.3, 0.04))
    for step, change in ((strong, 50), (middling, 20), (weak, 5)):
        report.go_to(step)
        expected = expected_overlay(agent, recording, target, step)
        assert np.abs(expected - recording.screens[step]).max() > change, "the map says nothing"
        assert np.abs(report.pixels("#overlay") - expected).max() <= 2
        np.testing.assert_array_equal(report.pixels("#game"), recording.screens[step])


def test_an_action_shows_its_own_map_and_the_contrast(report, agent, recording):
    taken = agent.action_names[recording.actions[30]]
    other = next(name for name in agent.action_names if name != taken)
    report.go_to(30)
    report.click(f"#actions li:nth-child({agent.action_names.index(other) + 1}) button")
    own_label, taken_label = agent.game.label(other), agent.game.label(taken)
    report.wait(lambda: report.text("#why-title") == f"Why not {own_label}?")
    assert report.text("#why-own b") == f"what speaks for {own_label}"
    assert report.text("#why-contrast b") == f"what spoke for {taken_label} and not for {own_label}"
    own, against = (expected_overlay(agent, recording, f"{kind}:{other}", 30) for kind in ("action", "contrast"))
    assert np.abs(report.pixels("#why-own canvas") - own).max() <= 2
    assert np.abs(report.pixels("#why-contrast canvas") - against).max() <= 2
    assert np.abs(report.pixels("#overlay") - own).max() <= 2
    report.click("#why-contrast")
    report.wait(lambda: report.run("return document.getElementById('target').value") == f"contrast:{other}")
    report.wait(lambda: np.abs(report.pixels("#overlay") - against).max() <= 2)
    report.click("#why-close")
    report.wait(lambda: report.run("return document.getElementById('why').hidden"))
    assert report.run("return document.getElementById('target').value") == "chosen"


def test_the_slider_blends_game_and_overlay(report, agent, recording):
    step = strong_step(agent, recording, "chosen")
    report.go_to(step)
    report.choose("#view", "blend")
    assert report.run("return document.getElementById('game-figure').hidden")
    game, full = recording.screens[step].astype(int), expected_overlay(agent, recording, "chosen", step)
    for blend in (0, 50, 100):
        report.choose("#blend", blend)
        expected = game + (full - game) * blend / 100
        report.wait(lambda expected=expected: np.abs(report.pixels("#overlay") - expected).max() <= 2)


def test_a_weak_map_looks_weak_and_is_said_to_be(report, agent, recording):
    peaks = explain_episode(agent, recording, "chosen", "grad-cam").explanation.peaks
    report.go_to(int(peaks.argmax()))
    assert report.text("#overlay-caption").endswith(", a strong map of this episode")
    assert report.text("#blank") == ""
    # Weak, and not so weak that its own scale leaves it pale as well: that ends at a thousandth of a strong map.
    strong = strong_peak(peaks)
    weak = int(np.argsort(peaks)[(peaks <= 0.01 * strong).sum()])
    share = f"{round(100 * peaks[weak] / strong)}% of a strong map of this episode"
    report.go_to(weak)
    assert report.text("#overlay-caption").endswith(f", {share}") and report.text("#blank") == f"Weak map: {share}."
    assert f"Weak map: {share}." in report.text("#announcer")
    faintest = np.sqrt(peaks[weak] / strong) * 0.8 * 255
    assert np.abs(report.pixels("#overlay") - recording.screens[weak]).max() <= faintest + 2
    report.choose("#scale", "own")
    report.wait(lambda: np.abs(report.pixels("#overlay") - recording.screens[weak]).max() > faintest + 2)


def test_the_thumbnails_of_key_moments_are_on_the_same_scale(report, agent, recording):
    script = "return JSON.parse(document.getElementById('data').textContent).moments.map((each) => each.step)"
    moments = report.run(script)
    report.wait(lambda: len(report.texts("#moments small")) == len(moments))
    episode = explain_episode(agent, recording, "chosen", "grad-cam")
    shares = shares_of_strong(episode.explanation.peaks)
    for place, step in enumerate(moments, 1):
        expected = expected_overlay(agent, recording, "chosen", step)
        assert near(report.pixels(f"#moments li:nth-child({place}) canvas"), expected)
        faint = {"": 0, "Weak": shares[step] < 0.05, "Blan": episode.explanation.statuses[step] != "ok"}
        said = report.text(f"#moments li:nth-child({place}) small")[:4]
        assert faint[said] if said else shares[step] >= 0.05, "what is hardly seen says why"


class Wrapped:
    """The agent, behind whose back a test changes its maps."""

    def __init__(self, agent):
        self.agent = agent
        self.action_names, self.network, self.game = agent.action_names, agent.network, agent.game
        self.provenance, self.judges_actions = agent.provenance, agent.judges_actions


class Fine(Wrapped):
    """The agent, with maps of 80 x 80 cells that have one strong cell each."""

    def explain(self, screens, state, target, method, actions):
        found = self.agent.explain(screens, state, target, method, actions)
        maps = np.zeros((len(screens), 80, 80), np.float32)
        maps[:, 40, 40] = 0.02
        return found._replace(maps=maps, peaks=maps.max((1, 2)), statuses=["ok"] * len(screens))


def test_a_map_that_was_made_coarser_is_as_strong_as_any_and_says_so(page, agent, recording, built, tmp_path):
    build_report(Fine(agent), recording, built.flips, tmp_path / "fine.html")
    page.open(tmp_path / "fine.html")
    note = "grad-cam, raw peak 0.02, a strong map of this episode, drawn in means of 4 × 4 cells"
    assert page.text("#overlay-caption").endswith(note)
    change = np.abs(page.pixels("#overlay") - recording.screens[0].astype(int)).max()
    assert change > 60, "a sixteenth of the peak would hardly be seen"


class Twofold(Wrapped):
    """The agent, with a second method whose maps of the action taken are those of the value."""

    def explain(self, screens, state, target, method, actions):
        if method == "second":
            target = "value"
        return self.agent.explain(screens, state, target, "grad-cam", actions)


def test_a_method_is_chosen_in_place_and_actions_have_the_maps_of_one_that_has_them(
    page, agent, recording, built, tmp_path
):
    others = {"second": ["chosen"]}
    build_report(Twofold(agent), recording, built.flips, tmp_path / "two.html", target="contrast", others=others)
    page.open(tmp_path / "two.html")
    step = strong_step(agent, recording, "value")
    page.go_to(step)
    assert page.run("return document.getElementById('target').value") == "contrast"
    page.choose("#method", "second")
    expected = expected_overlay(agent, recording, "value", step)
    page.wait(lambda: np.abs(page.pixels("#overlay") - expected).max() <= 2)
    assert page.texts("#target option") == ["the action taken"]
    page.click("#actions li:nth-child(2) button")
    page.wait(lambda: page.run("return document.getElementById('method').value") == "grad-cam")
    assert page.run("return document.getElementById('target').value") == f"action:{agent.action_names[1]}"
    assert page.complaints() == []

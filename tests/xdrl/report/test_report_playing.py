"""The report in a real browser: it plays, steps, and jumps to what happened."""

import dataclasses
import time

import numpy as np
import pytest
from PIL import Image

from xdrl.explanations.highlights import tellings
from xdrl.report import build_report
from xdrl.report.maps import explain_target


def test_it_plays_pauses_and_stops_at_the_end(report):
    report.choose("#speed", "0.5")
    report.click("#play")
    report.wait(lambda: report.step() >= 2)
    assert report.text("#announcer").startswith("Step 0"), "nothing is read out while it plays"
    report.click("#play")
    stopped = report.step()
    assert report.text("#play") == "Play" and stopped < 60
    time.sleep(0.4)
    assert report.step() <= stopped + 1, "the step that was on its way, and no other"
    report.choose("#speed", "4")
    report.go_to(75)
    report.click("#play")
    report.wait(lambda: report.text("#play") == "Play")
    assert report.step() == 79


def test_keys_step_play_and_change_the_speed(report):
    for key, step in [
        ("ArrowRight", 1),
        ("shift+ArrowRight", 11),
        ("ArrowLeft", 10),
        ("End", 79),
        ("ArrowRight", 79),
        ("Home", 0),
        ("ArrowLeft", 0),
    ]:
        report.press(key)
        report.wait_for_step(step)
    report.press("+")
    assert report.run("return document.getElementById('speed').value") == "2"
    report.press("-")
    report.press("-")
    assert report.run("return document.getElementById('speed').value") == "0.5"
    report.press(" ")
    assert report.text("#play") == "Pause"
    report.wait(lambda: report.step() > 0)
    report.press(" ")
    assert report.text("#play") == "Play"


def test_a_key_stays_with_the_field_or_button_that_has_it(report):
    report.choose("#view", "blend")
    report.press("ArrowRight", focus="#blend")
    report.wait(lambda: report.run("return document.getElementById('blend').value") == "71")
    report.press("space", focus="#next-mark")
    report.wait(lambda: report.step() > 0)
    assert report.step() in marked_steps(report) and report.text("#play") == "Play"


def marked_steps(report) -> list[int]:
    script = "return [...document.querySelectorAll('.mark')].map(m => Number(m.style.getPropertyValue('--step')))"
    return report.run(script)


def test_the_figures_of_a_step_are_those_of_the_game(report, agent, recording):
    report.go_to(40)
    figures = dict(zip(report.texts("#figures dt"), report.texts("#figures dd"), strict=True))
    taken = agent.game.label(agent.action_names[recording.actions[40]])
    assert figures["Action"].startswith(f"{taken}, ")
    assert figures["Value"] == f"{recording.values[40]:.2f}".replace("-", "−")
    assert report.texts("#actions .share") == [f"{each:.2f}" for each in recording.probabilities[40]]
    assert report.texts("#actions .taken .action-name") == [taken]
    assert "Step 40" in report.text("#announcer")


def test_a_key_moment_is_jumped_to(report, recording):
    labels = report.texts("#moments b")
    assert len(labels) >= 2
    report.wait(lambda: report.pixels("#moments li:last-child canvas").any())
    report.click("#moments li:last-child button")
    report.wait_for_step(int(labels[-1].removeprefix("Step ")))


def test_marks_are_jumped_to_and_curves_are_clicked(report, recording):
    rewarded = np.flatnonzero(recording.rewards).tolist()
    moments = [int(label.removeprefix("Step ")) for label in report.texts("#moments b")]
    report.press("n")
    report.wait_for_step(min(step for step in [*rewarded, *moments] if step > 0))
    assert len(report.texts("#marks .penalty")) + len(report.texts("#marks .reward")) == len(rewarded) > 0
    script = """
        const curve = document.querySelectorAll(".curve")[1], box = curve.getBoundingClientRect();
        curve.dispatchEvent(new MouseEvent("click", {bubbles: true, clientX: box.left + box.width / 2}));
    """
    report.run(script)
    report.wait(lambda: report.step() in (39, 40))
    assert float(report.run("return document.querySelector('.curve-cursor').getAttribute('x1')")) == pytest.approx(
        300, abs=5
    )


def test_it_opens_where_there_is_most_to_see_and_its_address_leads_to_a_step(page, agent, recording, built):
    page.open(built.path)
    telling = tellings(recording.probabilities, explain_target(agent, recording, "grad-cam", "chosen").peaks)
    opening = int(telling.argmax())
    assert page.step() == opening > 0
    address = "return location.hash"
    assert page.run(address) == f"#step={opening}"
    page.press("ArrowLeft")
    page.wait_for_step(opening - 1)
    page.click("#moments li:last-child button")
    moment = int(page.texts("#moments b")[-1].removeprefix("Step "))
    page.wait_for_step(moment)
    page.run("history.back()")
    page.wait_for_step(opening - 1)
    page.run("history.forward()")
    page.wait_for_step(moment)
    page.run("location.hash = '#step=7'")
    page.wait_for_step(7)
    page.run("location.hash = '#player'")
    page.run("location.hash = '#step=900'")
    page.wait_for_step(79)
    page.wait(lambda: page.run(address) == "#step=79")
    assert page.complaints() == []


def test_the_picture_of_a_step_is_saved_by_button_and_key(report, recording, tmp_path):
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    report.driver.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    report.press("s")
    report.wait((tmp_path / "Pong-step-0.png").exists)
    report.go_to(3)
    report.choose("#view", "blend")
    report.click("#save")
    report.wait((tmp_path / "Pong-step-3.png").exists)
    side, blended = (np.asarray(Image.open(tmp_path / f"Pong-step-{step}.png").convert("RGB")) for step in (0, 3))
    np.testing.assert_array_equal(side[12 : 12 + 630 : 3, 12 : 12 + 480 : 3], recording.screens[0])
    assert side.shape[0] == blended.shape[0] and side.shape[1] == 2 * 492 + 12
    assert (side[-52:] < 128).any(), "the words below it"
    assert report.text("#announcer") == "Saved Pong-step-3.png"


def test_lost_lives_are_marked_and_lives_are_told(page, agent, recording, built, tmp_path):
    lives = np.where(np.arange(len(recording.lives)) < 30, 3, 2).astype(np.int32)
    build_report(agent, dataclasses.replace(recording, lives=lives), built.flips, tmp_path / "lives.html")
    page.open(tmp_path / "lives.html")
    script = "return [...document.querySelectorAll('.mark.life')].map(m => m.style.getPropertyValue('--step'))"
    assert page.run(script) == ["30"]
    page.go_to(30)
    assert dict(zip(page.texts("#figures dt"), page.texts("#figures dd"), strict=True))["Lives"] == "2"

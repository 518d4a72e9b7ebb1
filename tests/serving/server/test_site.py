"""The page at `/` in a real browser, over the agent that is shipped and over models made to trouble it."""

import base64
import io
import json
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SCREENSHOT = ROOT / "docs" / "pong.png"
LABELS = ["NOOP", "FIRE", "RIGHT (up)", "LEFT (down)", "RIGHTFIRE (up)", "LEFTFIRE (down)"]
EVIL = "<b id=owned onclick=alert(1)>"
"""A model's folder may have such a name."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pong's agent, a model with a sample and a name that is markup, and one whose sample lies elsewhere."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "Pong").symlink_to(ROOT / "saved_models" / "Pong")
    toys = runpy.run_path(str(HERE / "toy_models.py"))
    for name in (EVIL, "linked"):
        toys["write_brightness_model"](folder / name / "1")
        (folder / name / "1" / "assets.extra").mkdir()
    (folder / EVIL / "1" / "assets.extra" / "sample.png").write_bytes(SCREENSHOT.read_bytes())
    (folder / EVIL / "1" / "assets.extra" / "agent.json").write_text(json.dumps({"heatmap_note": EVIL}))
    (folder / "linked" / "1" / "assets.extra" / "agent.json").write_text("{" * 100_000)
    (folder / "linked" / "1" / "assets.extra" / "sample.png").symlink_to(SCREENSHOT)
    return folder


@pytest.fixture(scope="module")
def site(served: Path, start_module: Callable[..., Any]) -> Any:
    """The server over them."""
    return start_module({"models": served})


@pytest.fixture
def tried(page: Any, site: Any) -> Iterator[Any]:
    """The page, open, in a browser that must have nothing to complain about in the end."""
    page.open(site.summary["url"] + "/")
    yield page
    assert page.complaints() == []


def give(page: Any, path: Path) -> None:
    """Picks a file as a person does."""
    page.driver.find_element("id", "file").send_keys(str(path))


def wait_for_picture(page: Any) -> list[int]:
    """Waits for the overlay, and returns its width and height."""
    size = "const image = document.getElementById('overlay'); return [image.naturalWidth, image.naturalHeight]"
    page.wait(lambda: page.run(size)[0] and not page.run("return document.body.classList.contains('busy')"))
    return page.run(size)


def predict(site: Any, path: Path) -> dict[str, Any]:
    """What the server says of a screenshot."""
    encoded = subprocess.run(["base64", "-w0", str(path)], capture_output=True, text=True, check=True).stdout
    body = {"signature_name": "overlay", "instances": [{"b64": encoded}]}
    return dict(site.predict("Pong", body).json["predictions"][0])


def shown_game() -> dict[str, Any]:
    """The piece of a game that Pong's agent brings along, with its screens as an array."""
    (path,) = ROOT.glob("saved_models/Pong/*/assets.extra/game.json")
    told = json.loads(path.read_text("utf-8"))
    with Image.open(io.BytesIO(base64.b64decode(told["screens"]))) as screens:
        return told | {"screens": np.asarray(screens.convert("RGB")).reshape(-1, 210, 160, 3)}


def wait_until_answered(page: Any) -> None:
    page.wait(lambda: not page.run("return document.body.classList.contains('busy')"))


def test_a_picked_screenshot_is_answered_with_action_bars_value_and_overlay(tried: Any, site: Any) -> None:
    expected = predict(site, SCREENSHOT)
    tried.choose("#model", "Pong")
    give(tried, SCREENSHOT)
    assert wait_for_picture(tried) == [480, 630]
    assert tried.text("#action") == LABELS[expected["action"]]
    assert tried.texts("#bars .name") == LABELS
    assert tried.texts("#bars .share") == [f"{share:.3f}" for share in expected["action_probabilities"]]
    assert tried.texts("#bars .taken .name") == [LABELS[expected["action"]]]
    widths = tried.run("return [...document.querySelectorAll('.bar')].map(bar => bar.offsetWidth)")
    assert widths.index(max(widths)) == expected["action"]
    facts = dict(zip(tried.texts("#facts dt"), tried.texts("#facts dd"), strict=True))
    assert float(facts["Value"]) == pytest.approx(expected["value"], rel=1e-3)
    assert (facts["Heatmap"], facts["Model"], facts["Signature"]) == ("ok", "Pong, version 3", "overlay")
    assert set(tried.texts("#outputs dt")) == expected.keys()


def test_it_opens_with_a_game_that_is_stepped_through_with_the_agents_memory(tried: Any, site: Any) -> None:
    told = shown_game()
    tried.choose("#model", "Pong")
    tried.wait(lambda: tried.text("#given-caption").startswith(f"Screen 1 of {told['count']} "))
    wait_until_answered(tried)
    state = {"state_h": told["state_h"], "state_c": told["state_c"]}
    for screen in (1, 2):
        instance = {"frame": told["screens"][screen - 1].tolist(), **state}
        body = {"signature_name": "step", "instances": [instance]}
        (expected,) = site.predict("Pong", body).json["predictions"]
        assert tried.text("#action") == LABELS[expected["action"]]
        assert tried.texts("#bars .share") == [f"{share:.3f}" for share in expected["action_probabilities"]]
        state = {"state_h": expected["next_state_h"], "state_c": expected["next_state_c"]}
        if screen == 1:
            tried.click("#forward")
            tried.wait(lambda: tried.text("#given-caption").startswith("Screen 2 "))
    tried.click("#back")
    tried.wait(lambda: tried.run("return document.getElementById('back').disabled"))
    tried.click("#play")
    tried.wait(lambda: tried.text("#given-caption").startswith("Screen 3 "))
    tried.click("#play")
    assert tried.text("#play") == "Play"
    assert tried.run("return document.getElementById('note').textContent").startswith("On this agent grad-cam ")


def test_an_action_that_is_chosen_shows_why_not(tried: Any, site: Any) -> None:
    expected = predict(site, SCREENSHOT)
    tried.choose("#model", "Pong")
    give(tried, SCREENSHOT)
    wait_for_picture(tried)
    assert tried.run("return document.getElementById('doubt').hidden"), "it is a screen of Pong"
    other = (expected["action"] + 1) % len(LABELS)
    tried.click(f"#bars li:nth-child({other + 1}) button")
    tried.wait(lambda: tried.text("#why-title") == f"Why not {LABELS[other]}?")
    with Image.open(SCREENSHOT) as picture:
        frame = np.asarray(picture.convert("RGB")).tolist()
    zeros = [0.0] * len(shown_game()["state_h"])
    instance = {"frame": frame, "state_h": zeros, "state_c": zeros, "target_action": other}
    (found,) = site.predict("Pong", {"signature_name": "explain", "instances": [instance]}).json["predictions"]
    for kind, name, words in (
        ("own", "heatmap", f"What speaks for {LABELS[other]}"),
        ("contrast", "contrast_heatmap", f"What speaks for {LABELS[expected['action']]} and not for {LABELS[other]}"),
    ):
        assert tried.text(f"#why-{kind}-caption") == words
        place = np.unravel_index(np.argmax(found[name]), (10, 10))
        assert brightest_place(tried, f"#why-{kind}") == pytest.approx(place, abs=1)
    tried.click("#why-close")
    assert tried.run("return document.getElementById('why').hidden")


def brightest_place(page: Any, selector: str) -> tuple[float, float]:
    """Where a picture differs most from the screenshot: the row and column of Pong's 10 x 10 cells."""
    drawn = page.run("return document.querySelector(arguments[0]).src.split(',')[1]", selector)
    with Image.open(io.BytesIO(base64.b64decode(drawn))) as picture, Image.open(SCREENSHOT) as screen:
        change = np.abs(np.asarray(picture.convert("RGB"))[1::3, 1::3].astype(int) - np.asarray(screen.convert("RGB")))
    row, column = np.unravel_index(np.argmax(change.sum(-1)[34:194]), (160, 160))
    return row / 16 - 0.5, column / 16 - 0.5


def test_a_picture_of_another_game_is_answered_and_doubted(tried: Any, tmp_path: Path) -> None:
    Image.new("RGB", (320, 420)).save(tmp_path / "black.png")
    tried.choose("#model", "Pong")
    give(tried, tmp_path / "black.png")
    wait_for_picture(tried)
    assert tried.text("#doubt").startswith(
        "This does not look like Pong: the picture has 0% of the lines that stand still"
    )
    assert tried.text("#action") in LABELS


def test_the_line_for_a_shell_says_the_same(tried: Any, site: Any) -> None:
    tried.choose("#model", "Pong")
    give(tried, SCREENSHOT)
    wait_for_picture(tried)
    run = subprocess.run(
        ["bash", "-c", tried.text("#command")], cwd=SCREENSHOT.parent, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout)["predictions"][0]["action_name"] == tried.text("#action").split()[0]


def test_a_dropped_screenshot_with_any_name_is_answered(tried: Any, tmp_path: Path) -> None:
    tried.choose("#model", "Pong")
    name = "it's $(touch owned) <i>.png"
    script = """
        const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
        const dropped = new DataTransfer();
        dropped.items.add(new File([bytes], arguments[1], { type: "image/png" }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
    """
    encoded = subprocess.run(["base64", "-w0", str(SCREENSHOT)], capture_output=True, text=True, check=True).stdout
    tried.run(script, encoded, name)
    wait_for_picture(tried)
    assert tried.text("#given-caption") == name
    (tmp_path / name).write_bytes(SCREENSHOT.read_bytes())
    run = subprocess.run(
        ["bash", "-c", tried.text("#command")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout)["predictions"][0]["action_name"] == tried.text("#action").split()[0]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_can_not_be_read_is_said_in_words(tried: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("<img src=x onerror=alert(1)>", encoding="utf-8")
    (tmp_path / "broken.png").write_bytes(SCREENSHOT.read_bytes()[:20])
    tried.choose("#model", "Pong")
    give(tried, SCREENSHOT)
    wait_for_picture(tried)
    assert tried.complaints() == []
    give(tried, tmp_path / "notes.png")
    tried.wait(lambda: tried.text("#problem"))
    assert tried.text("#problem") == "notes.png is no picture that a model can read: it takes PNG and JPEG."
    assert tried.run("return document.getElementById('answer').hidden")
    assert tried.run("return document.getElementById('overlay-figure').hidden")
    assert tried.complaints() == [], "nobody was asked"
    give(tried, tmp_path / "broken.png")
    tried.wait(lambda: tried.text("#problem").startswith("The model refuses this (400): "))
    assert tried.text("#problem").endswith(": expected image_bytes to be a PNG or JPEG image")
    (logged,) = tried.complaints()
    assert logged["source"] == "network" and "400" in logged["message"], "the browser's own note of the answer"
    give(tried, SCREENSHOT)
    tried.wait(lambda: not tried.run("return document.getElementById('answer').hidden"))
    assert tried.text("#problem") == ""


def test_a_sample_and_a_model_that_has_no_action_and_markup_for_a_name(tried: Any, site: Any, tmp_path: Path) -> None:
    tried.choose("#model", EVIL)
    tried.wait(lambda: tried.texts("#outputs dt") == ["output"])
    assert tried.texts("#outputs dt") == ["output"] and float(tried.text("#outputs dd")) > 0
    assert f"{EVIL}, version 1" in tried.texts("#facts dd")
    assert tried.run("return document.getElementById('owned')") is None
    assert tried.run("return document.getElementById('action-line').hidden")
    run = subprocess.run(
        ["bash", "-c", tried.text("#command")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout)["predictions"][0] == pytest.approx(float(tried.text("#outputs dd")))
    tried.choose("#model", "linked")
    assert tried.run("return document.getElementById('sample').hidden")


def test_what_a_folder_says_of_its_heatmap_is_handed_on(site: Any) -> None:
    notes = {model["name"]: model["note"] for model in site.ask("GET", "/models.json").json["models"]}
    assert notes[EVIL] == EVIL and notes["linked"] is None
    assert notes["Pong"].startswith("On this agent grad-cam ")


def test_samples_come_from_the_versions_own_folder_alone(site: Any) -> None:
    samples = {model["name"]: model["sample"] for model in site.ask("GET", "/models.json").json["models"]}
    (sample,) = [path for name, path in samples.items() if path and name != "Pong"]
    answer = site.ask("GET", sample)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert answer.body == SCREENSHOT.read_bytes()
    for name in ("linked", "nobody", "..", "%2e%2e%2fPong", "linked%2f..%2flinked", "%00", "linked/"):
        answer = site.ask("GET", f"/samples/{name}")
        assert (answer.status, answer.body) == (404, b"Not Found")


def test_a_browser_is_told_to_run_nothing_else(site: Any) -> None:
    answer = site.ask("GET", "/?<script>alert(1)</script>")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["script-src"]) and "alert(1)" not in answer.body.decode()
    assert policy["frame-ancestors"] == "'none'" and "unsafe" not in str(policy)
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.body.decode())
    for path in ("/", "/healthz", "/readyz", "/openapi.json", "/models.json", "/samples/nobody", "/<script>"):
        headers = site.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert not [name for name in headers if name.startswith("access-control")]


def test_the_keyboard_reaches_everything(tried: Any) -> None:
    tried.choose("#model", EVIL)
    tried.wait(lambda: tried.texts("#outputs dt") == ["output"])
    reached = []
    for _ in range(3):
        tried.press("Tab")
        reached.append(tried.run("return document.activeElement.id || document.activeElement.textContent"))
    assert reached == ["model", "file", "sample"]
    outline = "return getComputedStyle(document.querySelector('.pick')).outlineStyle"
    assert tried.run(outline) == "none"
    tried.press("Tab", focus="#model")
    assert tried.run(outline) == "solid"
    tried.press("Enter", focus="#sample")
    tried.wait(lambda: tried.text("#outputs dd"))
    tried.choose("#model", "Pong")
    tried.wait(lambda: tried.text("#given-caption").startswith("Screen 1 "))
    tried.press("Enter", focus="#forward")
    tried.wait(lambda: tried.text("#given-caption").startswith("Screen 2 "))
    tried.press("Enter", focus="#bars li:last-child button")
    tried.wait(lambda: tried.text("#why-title").endswith(f" {LABELS[-1]}?"))
    tried.press("Enter", focus="#why-close")
    assert tried.run("return document.activeElement.parentNode === document.querySelector('#bars li:last-child')")


def test_a_phone_needs_no_scrolling_to_the_side_and_dark_follows_the_system(tried: Any) -> None:
    tried.choose("#model", "Pong")
    give(tried, SCREENSHOT)
    wait_for_picture(tried)
    for width in (390, 1280):
        tried.resize(width)
        assert tried.run("return document.documentElement.scrollWidth") <= width
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = tried.run(ground)
    tried.emulate(prefers_color_scheme="dark")
    tried.wait(lambda: tried.run(ground) != light)


def test_everything_that_is_pressed_or_shown_has_a_name(tried: Any) -> None:
    script = """
        return [...document.querySelectorAll("button, select, input, img, summary")].filter((each) =>
            !(each.alt || each.getAttribute("aria-label") || each.labels?.length || each.textContent.trim())
        ).map((each) => each.outerHTML);
    """
    assert tried.run(script) == []
    assert tried.run("return document.querySelectorAll('main, header, footer, h1').length") == 4
    assert tried.run("return document.documentElement.lang") == "en"


def test_where_no_model_takes_a_screenshot_the_page_says_so(page: Any, server: Any) -> None:
    page.open(server.summary["url"] + "/")
    assert "No model here takes a screenshot" in page.text("#problem")
    assert page.run("return document.getElementById('file').disabled")
    assert page.complaints() == []

"""The live page over a real socket: the browser plays the game, and the server stops when nobody watches."""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains

from xdrl.errors import UserError
from xdrl.explanations.highlights import importances
from xdrl.objects.so_far import watch_game
from xdrl.report import games, session, watch
from xdrl.report.watch import serve_watch

ROOT = Path(__file__).parents[3]


class Server:
    """A server in a thread."""

    def __init__(self, agent, monkeypatch: pytest.MonkeyPatch, **options):
        monkeypatch.setattr(watch, "CLOSED_SECONDS", 0.3)  # nobody waits long for a page to come back
        monkeypatch.setattr(watch, "Games", self.keep_games)
        ready = threading.Event()

        def on_ready(url: str) -> None:
            self.url = url
            ready.set()

        self.thread = threading.Thread(
            target=serve_watch, args=(agent,), kwargs={"port": 0, "on_ready": on_ready, **options}, daemon=True
        )
        self.thread.start()
        assert ready.wait(10)

    def keep_games(self, *arguments) -> games.Games:
        self.games = games.Games(*arguments)
        return self.games

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def open_game(self):
        """Opens a game as a page does; returns the connection and what the page is told."""
        connection = urllib.request.urlopen(self.url + "game", timeout=10)
        assert connection.readline() == b"event: game\n"
        told = json.loads(connection.readline().removeprefix(b"data: "))
        return connection, told


@pytest.fixture
def server(agent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    started = Server(agent, monkeypatch)
    yield started
    with started.open_game()[0]:
        started.games.stop()
    started.thread.join(10)
    assert not started.thread.is_alive()


@pytest.fixture
def lively(recording, monkeypatch: pytest.MonkeyPatch) -> int:
    """The step at which a page opens: the tiny agent is never as sure as a trained one."""
    gaps = importances(recording.probabilities)
    step = 2 + int(gaps[2:8].argmax())
    monkeypatch.setattr(session, "LIVELY_GAP", float(gaps[step]) - 1e-3)
    monkeypatch.setattr(session, "STEPS_BEFORE", (2, 12))
    return step


def test_the_agent_plays_in_the_browser(page, server, agent, recording, lively):
    """A reader who wants calm finds it paused, where something hangs on the action."""
    page.emulate(prefers_reduced_motion="reduce")
    page.open(server.url)
    assert page.text("#title") == "Pong" and page.text("#play") == "Play" and page.step() == lively
    page.press("Home")
    page.wait_for_step(0)
    np.testing.assert_array_equal(page.pixels("#game"), recording.screens[0])
    page.press("ArrowRight")
    page.wait_for_step(1)
    np.testing.assert_array_equal(page.pixels("#game"), recording.screens[1])
    assert page.texts("#actions .taken .action-name") == [agent.game.label(agent.action_names[recording.actions[1]])]
    page.click("#play")
    page.wait(lambda: page.step() >= 4)
    page.click("#play")
    page.wait(lambda: page.text("#play") == "Play")
    stopped = page.step()
    page.press("Home")
    page.wait_for_step(0)
    page.press("End")
    page.wait(lambda: page.step() >= stopped)
    assert page.complaints() == []


def test_target_method_and_game_are_changed_in_place(page, server, agent, recording, lively):
    page.open(server.url)
    assert page.text("#play") == "Pause", "it plays by itself"
    page.press("Home")
    page.wait_for_step(0)
    assert page.text("#play") == "Play"
    page.choose("#target", "value")
    page.wait(lambda: page.text("#overlay-caption").startswith("what makes the situation"))
    taken = agent.action_names[recording.actions[0]]
    other = next(name for name in agent.action_names if name != taken)
    page.click(f"#actions li:nth-child({agent.action_names.index(other) + 1}) button")
    expected = f"what spoke for {agent.game.label(taken)} and not for {agent.game.label(other)}"
    page.wait(lambda: page.text("#why-contrast b") == expected)
    page.press("ArrowRight")
    page.wait_for_step(1)
    page.click("#new-game")
    page.wait(lambda: page.text("#play") == "Pause")
    page.click("#play")
    page.wait(lambda: page.step() == int(page.run("return document.getElementById('timeline').max")))
    assert page.run("return document.getElementById('moments-section').hidden")
    assert page.complaints() == []


@pytest.fixture
def changing(page, server, agent, recording, monkeypatch) -> int:
    """Opens the page where there are objects, to change that step; returns it."""
    seen = watch_game(recording.screens, agent.watch_objects())
    step = next(step for step, each in enumerate(seen) if each.objects)
    monkeypatch.setattr(session, "LIVELY_GAP", 2.0)
    monkeypatch.setattr(session, "STEPS_BEFORE", (step, step))
    page.emulate(prefers_reduced_motion="reduce")
    page.open(server.url)
    page.wait_for_step(step)
    page.click("#what-if")
    page.wait(lambda: page.text("#what-if-words").startswith("Nothing is changed yet"))
    return step


@pytest.mark.slow
def test_an_object_is_dragged_and_the_page_says_what_the_agent_would_do(page, server, recording, changing):
    handle = page.driver.find_elements("css selector", "#handles .handle")[-1]
    name = handle.get_attribute("aria-label").split(" at ")[0]
    ActionChains(page.driver).click_and_hold(handle).move_by_offset(-30, 20).move_by_offset(-30, 20).release().perform()
    page.wait(lambda: page.text("#what-if-words").startswith(f"With the {name} at (") and page.text("#announcer"))
    page.wait(lambda: page.text("#announcer") == page.text("#what-if-words"))
    assert all("→" in share for share in page.texts("#actions .share")) and "→" in page.text("#what-if-figures")
    assert (page.pixels("#game") != recording.screens[changing]).any()
    np.testing.assert_array_equal(page.pixels("#overlay-before").shape, recording.screens[changing].shape)
    said, link = page.text("#what-if-words"), page.driver.current_url
    assert f"#seed=0&step={changing}&screen=" in link and "&edits=move," in link
    page.click("#edit-undo")
    page.wait(lambda: page.text("#what-if-words").startswith("Nothing is changed yet"))
    np.testing.assert_array_equal(page.pixels("#game"), recording.screens[changing])
    assert "#" not in page.driver.current_url
    page.click("#edit-redo")
    page.wait(lambda: page.text("#what-if-words") == said)
    page.press("ArrowRight", focus="body")
    page.wait_for_step(changing + 1)
    page.wait(lambda: page.text("#what-if-words").startswith("Nothing is changed yet"))
    with server.open_game()[0]:  # the server stays while the page is loaded anew
        page.driver.get("about:blank")
        page.open(link)
    page.wait(lambda: page.text("#what-if-words") == said)
    assert page.step() == changing and page.driver.current_url == link
    fragment = link.split("#")[1]
    page.run("location.hash = arguments[0]", fragment.replace("screen=", "screen=0"))
    page.wait(lambda: page.text("#warnings").startswith(f"Step {changing} shows another screen than the link was made"))
    page.run("location.hash = arguments[0]", fragment.replace("edits=move,", "edits=move,9"))
    page.wait(lambda: page.text("#what-if-words").startswith("expected one of the"))
    assert page.text("#warnings") == ""
    assert [entry for entry in page.complaints() if "400" not in entry["message"]] == []


@pytest.mark.slow
def test_keys_move_erase_and_undo_and_a_box_is_painted(page, changing):
    page.press("ArrowLeft", focus="#handles .handle")
    page.wait(lambda: page.text("#what-if-words").startswith("With the "))
    page.press("shift+ArrowDown")
    page.press("Delete")
    page.wait(lambda: page.text("#what-if-words").startswith("Without the "))
    assert page.run("return document.activeElement.id") == "edit-undo" and page.step() == changing
    page.press("control+z")
    page.wait(lambda: page.text("#what-if-words").startswith("With the "))
    page.press("control+z")
    page.wait(lambda: page.text("#what-if-words").startswith("Nothing is changed yet"))
    page.click("#edit-paint")
    page.run("document.querySelectorAll('#paint-colours input')[1].click()")
    page.press("ArrowUp", focus="#handles .frame")
    page.press("Enter")
    page.wait(lambda: page.text("#what-if-words").startswith("With a painted box"))
    assert page.run("return location.hash").split("paint,")[1].startswith("72,95,88,111,")
    page.press("Escape")
    page.wait(lambda: page.run("return document.getElementById('what-if-section').hidden"))
    assert page.run("return document.activeElement.id") == "what-if" and page.complaints() == []


def test_a_page_whose_server_stops_says_so(page, agent, monkeypatch, lively):
    server = Server(agent, monkeypatch)
    page.open(server.url)
    server.games.stop()
    page.wait(lambda: page.text("#warnings").startswith("This game has ended"))
    server.thread.join(10)
    assert not server.thread.is_alive()


def test_the_server_stays_while_a_page_is_open_and_stops_when_it_is_closed(agent, monkeypatch):
    server = Server(agent, monkeypatch)
    connection, _ = server.open_game()
    time.sleep(0.6)
    assert server.thread.is_alive()
    connection.close()
    server.thread.join(10)
    assert not server.thread.is_alive()


PROGRAM = """
import runpy, sys
from xdrl.report.watch import serve_watch
agent = runpy.run_path("tests/tiny_agents.py")["make_agent"]()
serve_watch(agent, port=0, on_ready=lambda url: print(url, flush=True))
print("stopped well")
"""


@pytest.mark.slow
def test_a_signal_ends_it_with_a_page_open():
    program = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(url + "game", timeout=10) as connection:
            assert connection.readline() == b"event: game\n"
            process.send_signal(signal.SIGINT)
            said, complained = process.communicate(timeout=20)
    assert process.returncode == 0 and said == "stopped well\n"
    assert "Traceback" not in complained and "ERROR" not in complained


def test_foreign_hosts_and_pages_are_refused(server):
    assert server.ask("", Host="evil.example:80")[0] == 403
    assert server.ask("step", b"{}", Origin="http://evil.example")[0] == 403
    status, text = server.ask("")
    assert status == 200 and "connect-src 'self'" in text


def test_what_is_no_question_of_an_open_page_is_refused(server):
    connection, told = server.open_game()
    with connection:
        token = told["token"]
        for question, status, message in [
            (b"{", 400, "expected a JSON object"),
            (b"[]", 400, "expected a JSON object"),
            (b"\xff", 400, "expected a JSON object"),
            ({"game": "another", "wanted": []}, 404, "expected a game of an open page"),
            ({"game": token}, 400, "expected at most 4 pairs"),
            ({"game": token, "wanted": [["grad-cam"]]}, 400, "expected at most 4 pairs"),
            ({"game": token, "wanted": [["grad-cam", "chosen"]] * 5}, 400, "expected at most 4 pairs"),
        ]:
            body = question if isinstance(question, bytes) else json.dumps(question).encode()
            answer = server.ask("step", body)
            assert answer[0] == status and answer[1].startswith(message)
        body = json.dumps({"game": token, "step": "one", "wanted": []}).encode()
        assert server.ask("maps", body)[1].startswith("expected a number as step")
        server.ask("step", json.dumps({"game": token, "wanted": []}).encode())
        for path, question, message in [
            ("what-if", {"step": 0, "wanted": []}, "expected a list of at most 50 changes, got None"),
            ("what-if", {"step": 0, "wanted": [], "edits": [{"kind": "melt"}]}, "expected a change of kind move"),
            ("what-if", {"step": 0, "wanted": [], "edits": [{"kind": "erase", "object": 9}]}, "expected one of the 0"),
            ("what-if", {"step": 7, "wanted": [], "edits": []}, "expected a step from 0 to 0"),
            ("what-if", {"step": 0, "edits": []}, "expected at most 4 pairs"),
            ("new", {"seed": "one"}, "expected a number from 0 to 2147483647 as seed, got one"),
            ("new", {"seed": -1}, "expected a number from 0"),
        ]:
            answer = server.ask(path, json.dumps({"game": token, **question}).encode())
            assert answer[0] == 400 and answer[1].startswith(message) and "\n" not in answer[1]
        assert server.ask("step", json.dumps({"game": token, "wanted": []}).encode())[0] == 200, "the game goes on"


def test_there_are_not_more_games_than_the_machine_can_hold(server, monkeypatch):
    monkeypatch.setattr(games, "MOST_GAMES", 1)
    connection, _ = server.open_game()
    with connection:
        assert server.ask("game") == (503, "expected at most 1 open pages")


def test_a_port_that_is_taken_and_a_protocol_that_is_none_are_refused(server, agent):
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(UserError, match=f"expected a free port at 127.0.0.1:{port}"):
        serve_watch(agent, port=port)
    with pytest.raises(UserError, match="expected a protocol of"):
        serve_watch(agent, port=0, protocol_name="loud")

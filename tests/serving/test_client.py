"""The client against the embedded server over a real export."""

import http.server
import io
import re
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.answers import CoreState
from serving.client import AgentClient, find_models
from serving.errors import RequestRefusedError, ServerUnavailableError, ServingError, UnexpectedAnswerError
from serving.screens import encode_png
from serving.transport import Patience


@pytest.fixture
def not_a_model_server():
    """A web server that answers everything with a page, whatever the method; gives its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if self.server.is_friendly else 404)
            self.end_headers()
            self.wfile.write(self.server.page)

        def log_message(self, *_) -> None:
            """Says nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        server.is_friendly, server.page = True, b"<html>\n<h1>Not here</h1>\n</html>"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def refusal(client: AgentClient, image: bytes) -> str:
    with pytest.raises(ServingError) as error:
        client.act(image)
    message = str(error.value)
    assert message and "\n" not in message
    return message


def test_a_screenshot_is_answered_as_the_live_network_answers(agent_url, agent, tiny, screens):
    answer = AgentClient(agent_url, "Pong").act(tiny.encode(screens[0]))
    decision, found = agent.act(screens[:1]), agent.explain(screens[:1])
    assert answer.action == decision.actions[0]
    assert answer.action_name == agent.action_names[answer.action]
    assert tuple(answer.probabilities) == agent.action_names
    np.testing.assert_allclose(list(answer.probabilities.values()), decision.probabilities[0], atol=1e-4)
    assert answer.value == pytest.approx(decision.values[0], abs=1e-4)
    assert answer.heatmap.dtype == np.float32
    np.testing.assert_allclose(answer.heatmap, tiny.heatmaps(found)[0], atol=1e-3)
    assert answer.heatmap_peak == pytest.approx(found.peaks[0], rel=1e-3)
    assert (answer.heatmap_status, answer.overlay) == (found.statuses[0], None)


def test_the_overlay_comes_where_it_is_asked_for(agent_url, tiny, screens):
    client = AgentClient(agent_url + "/", "Pong")
    answer = client.act(tiny.encode(screens[0]), with_overlay=True)
    picture = Image.open(io.BytesIO(answer.overlay))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (480, 630), "RGB")
    assert answer.action == client.act(tiny.encode(screens[0])).action


def test_any_signature_can_be_asked(agent_url, agent, screens):
    zero = [0.0] * agent.network.core_size
    instance = {"frame": screens[0].tolist(), "state_h": zero, "state_c": zero}
    answer = AgentClient(agent_url, "Pong").predict({"signature_name": "step", "instances": [instance]})
    expected = agent.act(screens[:1])
    np.testing.assert_allclose(answer["predictions"][0]["next_state_h"], expected.state.h[0], atol=1e-4)


def test_a_game_that_is_not_served_is_named(agent_url, tiny, screens):
    message = refusal(AgentClient(agent_url, "Qbert"), tiny.encode(screens[0]))
    assert "answered 404: Servable not found for request: Latest(Qbert)" in message


def test_what_is_no_image_is_refused_with_what_was_expected(agent_url):
    message = refusal(AgentClient(agent_url, "Pong"), b"no image")
    assert "answered 400" in message and "expected image_bytes to be a PNG or JPEG image" in message


@pytest.mark.parametrize("body", [{}, {"instances": []}, {"instances": [{"image": "x"}]}, {"signature_name": 3}])
def test_a_request_that_makes_no_sense_is_refused(agent_url, body):
    with pytest.raises(ServingError, match="answered 400"):
        AgentClient(agent_url, "Pong").predict(body)


def test_a_server_that_is_not_there_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        message = refusal(AgentClient(url, "Pong"), b"")
    assert f"expected a model server at {url}/v1/models/Pong:predict, got: " in message
    assert "refused" in message


@pytest.mark.parametrize("url", ["127.0.0.1:8501", "nonsense", "ftp://127.0.0.1", "http://", "http://a:b", "http://[1"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ServingError, match="expected a model server at"):
        AgentClient(url, "Pong")


def test_a_page_instead_of_an_answer_is_refused(not_a_model_server):
    url = f"http://127.0.0.1:{not_a_model_server.server_port}"
    assert "expected a model server" in refusal(AgentClient(url, "Pong"), b"")
    not_a_model_server.is_friendly = False
    assert "answered 404: <html> <h1>Not here</h1> </html>" in refusal(AgentClient(url, "Pong"), b"")


@pytest.mark.parametrize("page", [b"{}", b"[]", b"3", b'{"predictions": []}', b'{"predictions": [{"y": 1}]}'])
def test_an_answer_that_is_no_agents_is_refused(not_a_model_server, page):
    not_a_model_server.page = page
    url = f"http://127.0.0.1:{not_a_model_server.server_port}"
    with pytest.raises(UnexpectedAnswerError, match=r"^expected [^\n]*$"):
        AgentClient(url, "Pong").act(b"")


def test_a_screen_is_sent_as_a_picture_of_itself(agent_url, tiny, screens):
    client = AgentClient(agent_url, "Pong")
    answer, picture = client.act(screens[0]), client.act(tiny.encode(screens[0]))
    np.testing.assert_array_equal(answer.heatmap, picture.heatmap)
    assert (answer.probabilities, answer.heatmap_box) == (picture.probabilities, (46, 12, 174, 140))
    assert len(encode_png(screens[0])) < 2000
    assert (
        client.act(screens[0], with_overlay=True).overlay
        == client.act(tiny.encode(screens[0]), with_overlay=True).overlay
    )


def test_a_state_is_carried_where_one_is_given(agent_url, agent, tiny, screens):
    state = tiny.random_state(agent, 1)
    answer = AgentClient(agent_url, "Pong").act(screens[0], state=CoreState(state.h[0], state.c[0]))
    decision = agent.act(screens[:1], state)
    assert answer.value == pytest.approx(decision.values[0], abs=1e-4)
    assert answer.state.h.dtype == np.float32
    np.testing.assert_allclose(answer.state.h, decision.state.h[0], atol=1e-5)
    np.testing.assert_allclose(answer.state.c, decision.state.c[0], atol=1e-5)


def test_an_action_is_explained_by_index_and_by_name(agent_url, agent, tiny, screens):
    client, state = AgentClient(agent_url, "Pong"), tiny.random_state(agent, 1)
    past = CoreState(state.h[0], state.c[0])
    for asked in (2, "RIGHT"):
        reason = client.explain(screens[0], asked, state=past)
        found = agent.explain(screens[:1], state, "action:RIGHT")
        np.testing.assert_allclose(reason.heatmap, tiny.heatmaps(found)[0], atol=1e-3)
        assert reason.heatmap_peak == pytest.approx(found.peaks[0], rel=1e-3)
        contrast = agent.explain(screens[:1], state, "contrast:RIGHT")
        np.testing.assert_allclose(reason.contrast_heatmap, tiny.heatmaps(contrast)[0], atol=1e-3)
        assert (reason.action, reason.action_name) == (2, "RIGHT" if asked == "RIGHT" else None)
    without = agent.explain(screens[:1], target="action:LEFT")
    np.testing.assert_allclose(client.explain(screens[0], "LEFT").heatmap, tiny.heatmaps(without)[0], atol=1e-3)


def test_an_action_that_does_not_exist_is_refused(agent_url, screens):
    client = AgentClient(agent_url, "Pong")
    with pytest.raises(ValueError, match=r"expected an action of NOOP, FIRE, RIGHT, LEFT, .*, got 'JUMP'"):
        client.explain(screens[0], "JUMP")
    with pytest.raises(RequestRefusedError, match="expected target_action from 0 to") as refused:
        client.explain(screens[0], 6)
    assert refused.value.status == 400 and "[got] [6]" in refused.value.reason


@pytest.mark.parametrize(
    "screen", [np.zeros((160, 210, 3), np.uint8), np.zeros((210, 160, 3)), [[1]], "screen", b"PNG"]
)
def test_what_is_no_screen_is_refused_before_it_is_sent(agent_url, screen):
    client = AgentClient(agent_url, "Pong")
    message = re.escape("expected a screen of shape [210, 160, 3] and type uint8, got ")
    with pytest.raises(ValueError, match=message):
        client.play().step(screen)
    with pytest.raises(ValueError, match=message):
        client.explain(screen, 0)
    if not isinstance(screen, bytes):
        with pytest.raises(ValueError, match=message):
            client.act(screen)


def test_an_overlay_of_a_screen_with_a_past_is_refused(agent_url, screens):
    client = AgentClient(agent_url, "Pong")
    with pytest.raises(ValueError, match="got both"):
        client.act(screens[0], state=client.initial_state(), with_overlay=True)


def test_a_version_can_be_asked_for(agent_url, screens):
    named, newest = (AgentClient(agent_url, "Pong", version=version).act(screens[0]) for version in (1, None))
    assert named.value == newest.value
    with pytest.raises(RequestRefusedError, match=re.escape("Specific(Pong, 7)")):
        AgentClient(agent_url, "Pong", version=7).act(screens[0])


def test_threads_share_a_client_and_get_their_own_answers(agent_url, agent, screens):
    values = agent.act(screens).values
    with AgentClient(agent_url, "Pong") as client, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(client.act, [screens[index % 3] for index in range(60)]))
    np.testing.assert_allclose([answer.value for answer in answers], np.tile(values, 20), atol=1e-4)


@pytest.mark.slow
def test_a_server_without_room_answers_everyone_who_comes_again(busy_url, screens):
    hasty = AgentClient(busy_url, "Pong", patience=Patience(attempts=1))
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(hasty.act, screens[0]) for _ in range(100)]
    refused = [error for error in (question.exception() for question in asked) if error is not None]
    assert refused and {type(error) for error in refused} == {ServerUnavailableError}
    assert "answered 503: The queue is full" in str(refused[0])
    patient = AgentClient(busy_url, "Pong", patience=Patience(attempts=100, total_seconds=120))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(patient.act, [screens[0]] * 12))
    assert len({answer.value for answer in answers}) == 1


def test_a_game_that_is_reset_is_played_anew(agent_url, screens):
    player = AgentClient(agent_url, "Pong").play(sample=False)
    first, second = player.step(screens[0]), player.step(screens[0])
    player.reset()
    again = player.step(screens[0])
    assert first.value == again.value != second.value


def test_a_server_says_which_of_its_models_take_a_screenshot(agent_url, scripted_server):
    assert find_models(agent_url) == ["Pong"]
    with pytest.raises(UnexpectedAnswerError, match=r"expected the models of .* in /models.json, got \['a'\]"):
        find_models(scripted_server.url)


def test_the_client_needs_neither_tensorflow_nor_the_project():
    code = (
        "import sys, serving.client; "
        "assert not [name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras', 'xdrl')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])

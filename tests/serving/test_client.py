"""The client against the embedded server over a real export."""

import http.server
import io
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.client import AgentClient, ServingError


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
        client.look(image)
    message = str(error.value)
    assert message and "\n" not in message
    return message


def test_a_screenshot_is_answered_as_the_live_network_answers(agent_url, agent, tiny, screens):
    answer = AgentClient(agent_url, "Pong").look(tiny.encode(screens[0]))
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
    answer = client.look(tiny.encode(screens[0]), with_overlay=True)
    picture = Image.open(io.BytesIO(answer.overlay))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (480, 630), "RGB")
    assert answer.action == client.look(tiny.encode(screens[0])).action


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


@pytest.mark.parametrize("url", ["127.0.0.1:8501", "nonsense", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_refused(url):
    assert "expected a model server at" in refusal(AgentClient(url, "Pong"), b"")


def test_a_page_instead_of_an_answer_is_refused(not_a_model_server):
    url = f"http://127.0.0.1:{not_a_model_server.server_port}"
    assert "expected a model server" in refusal(AgentClient(url, "Pong"), b"")
    not_a_model_server.is_friendly = False
    assert "answered 404: <html> <h1>Not here</h1> </html>" in refusal(AgentClient(url, "Pong"), b"")


@pytest.mark.parametrize("page", [b"{}", b"[]", b"3", b'{"predictions": []}', b'{"predictions": [{"y": 1}]}'])
def test_an_answer_that_is_no_agents_is_refused(not_a_model_server, page):
    not_a_model_server.page = page
    url = f"http://127.0.0.1:{not_a_model_server.server_port}"
    assert "expected" in refusal(AgentClient(url, "Pong"), b"")


def test_the_client_needs_neither_tensorflow_nor_the_project():
    code = (
        "import sys, serving.client; "
        "assert not [name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras', 'xdrl')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])

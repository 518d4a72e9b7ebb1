"""What a browser asks before a page of another origin may ask, and what lets the page read the answer."""

from typing import Any

import pytest

ALLOWED = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}
PAGE = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}


@pytest.fixture(scope="module")
def open_server(start_module: Any) -> Any:
    """A server that pages of any origin may ask."""
    return start_module({"rest_api_enable_cors_support": True, "monitoring": True})


def allowed(answer: Any) -> dict[str, str]:
    """Returns what an answer allows a page."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", ["/v1/models/scaler:predict", "/v1/models/nobody", "/v1/anything"])
def test_a_preflight_is_answered_in_any_case_and_opens_only_what_is_to_be_open(
    server: Any, open_server: Any, path: str
) -> None:
    for asked, expected in ((server, {}), (open_server, ALLOWED)):
        answer = asked.ask("OPTIONS", path, headers=PAGE)
        assert (answer.status, answer.body, allowed(answer)) == (200, b"", expected)
        answer = asked.ask("OPTIONS", path)
        assert (answer.status, answer.error) == (400, "Origin header is missing in CORS preflight")
        assert allowed(answer) == expected


def test_answers_and_refusals_can_be_read_where_that_is_asked_for(server: Any, open_server: Any) -> None:
    for body, status in (({"instances": [[1.0, 2.0]]}, 200), ({"instances": "no"}, 400)):
        for asked, expected in ((server, {}), (open_server, ALLOWED)):
            answer = asked.predict("scaler", body, PAGE)
            assert (answer.status, allowed(answer)) == (status, expected)
    assert allowed(open_server.ask("GET", "/v1/models/nobody", headers=PAGE)) == ALLOWED


def test_the_site_stays_closed_and_a_preflight_is_counted(open_server: Any) -> None:
    assert allowed(open_server.ask("GET", "/readyz", headers=PAGE)) == {}
    assert open_server.ask("OPTIONS", "/readyz", headers=PAGE).status == 405
    assert open_server.ask("OPTIONS", "/v1/models/scaler", headers=PAGE).status == 200
    text = open_server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
    assert ':tensorflow:serving:request_count{model_name="",status="OK"}' in text

"""What both servers answer to a browser that asks before a page of another origin does."""

import pytest


@pytest.mark.parametrize("path", ["/v1/models/Pong:predict", "/v1/models/nobody:predict", "/v1/somewhere"])
def test_a_preflight_is_answered_whatever_the_path(api, path):
    for origin in ("http://page.example", "https://page.example:8443"):
        answer = api.ask("OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}, {"Origin": "file://"}])
def test_a_preflight_without_an_origin_of_the_web_is_refused(api, headers):
    assert api.ask("OPTIONS", "/v1/models/Pong:predict", headers=headers).status == 400


def test_outside_v1_no_preflight_is_answered_with_success(api):
    assert api.ask("OPTIONS", "/v2/models/Pong", headers={"Origin": "https://page.example"}).status != 200

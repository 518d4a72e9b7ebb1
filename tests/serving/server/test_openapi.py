"""The OpenAPI document: requests made from it are answered as it says."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis.checks import CHECKS, load_all_checks

ROOT = Path(__file__).parents[3]
CONFORMANCE = ["not_a_server_error", "status_code_conformance", "content_type_conformance"]
SCHEMA = "response_schema_conformance"
NO_JSON = re.compile(r"\b(NaN|Infinity)\b")
"""The contract's tokens for what JSON has no number for: no validator knows them."""
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
EXAMPLES = 10
NAME = "{a} b%c"
MODELS = ("echoes", "mixed", "scaler")
SLOW = "spin"
"""A signature that takes as long as it is told, which at random is for ever."""


@pytest.fixture(scope="module")
def described(models: Path, tmp_path_factory: pytest.TempPathFactory, start_module: Callable[..., Any]) -> Any:
    """A server that describes everything it can, over models whose graphs take what their signatures say."""
    folder = tmp_path_factory.mktemp("described")
    for name in MODELS:
        (folder / name).symlink_to(models / name)
    return start_module({"models": folder, "monitoring": True})


def operations(server: Any) -> list[Any]:
    """What the document of a server offers, read by schemathesis."""
    schema = schemathesis.openapi.from_url(server.summary["url"] + "/openapi.json")
    return [result.ok() for result in schema.get_all_operations()]


def ask_at_random(operation: Any, mode: Any) -> Counter[int]:
    """Asks an operation what its schema allows, or what it does not, and returns how often it answered with what."""
    load_all_checks()
    statuses: Counter[int] = Counter()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        assume(not (isinstance(case.body, dict) and case.body.get("signature_name") == SLOW))
        response = case.call(timeout=60)
        statuses[response.status_code] += 1
        checks = CONFORMANCE if NO_JSON.search(response.text) else [*CONFORMANCE, SCHEMA]
        case.validate_response(response, checks=CHECKS.get_by_names(checks))

    ask()
    return statuses


EXTRAS = ("/samples/", "/games/")


def takes_anything(operation: Any) -> bool:
    """Tells whether a request can be wrong: it has a body, or a part of the path that not every text fits."""
    return operation.method == "get" and ("{" not in operation.path or operation.path.startswith(EXTRAS))


@pytest.mark.slow
def test_whatever_is_asked_the_answer_is_one_that_the_document_has(described: Any) -> None:
    answered = {}
    for operation in operations(described):
        for mode in MODES:
            if mode is MODES[0] or not takes_anything(operation):
                answered[operation.label, mode] = ask_at_random(operation, mode)
    for model in MODELS:
        label = f"POST /v1/models/{model}:predict"
        assert answered[label, MODES[0]][200] >= 3, "requests that fit the schema are seldom refused"
        # A shape that the signature does not have is answered where the graph takes it.
        assert 400 in answered[label, MODES[1]] and set(answered[label, MODES[1]]) <= {200, 400}
    assert {label.split()[1] for label, _ in answered} >= {"/", "/healthz", "/readyz", "/monitoring/prometheus/metrics"}
    assert described.is_alive()


def test_what_breaks_the_document_is_found(described: Any) -> None:
    (operation,) = [each for each in operations(described) if each.label == "GET /v1/models/scaler"]
    wrong = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "array"}}}}}
    document = described.ask("GET", "/openapi.json").json
    document["paths"][operation.path]["get"]["responses"] = wrong
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=described.summary["url"])
    with pytest.raises(BaseExceptionGroup, match="distinct failure"):
        ask_at_random(schema[operation.path]["GET"], MODES[0])


def examples(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """The examples of a document: path, name, request."""
    return [
        (path, name, example["value"])
        for path, methods in document["paths"].items()
        if "post" in methods
        for name, example in methods["post"]["requestBody"]["content"]["application/json"].get("examples", {}).items()
    ]


def test_every_example_is_answered(described: Any) -> None:
    found = examples(described.ask("GET", "/openapi.json").json)
    assert {name for _, name, _ in found} >= {"serving_default", "decode", "echo_float32", "spin"}
    refused = [
        (name, answer.error)
        for path, name, body in found
        if (answer := described.ask("POST", path, body)).status != 200
    ]
    # Graphs that answer no row, or that cannot know what x is meant to be.
    assert {name for name, _ in refused} <= {"uneven", "scalar", "half_out"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, start_module: Callable[..., Any]) -> Any:
    """A server over the agent that is shipped, under a name that needs care in a path."""
    folder = tmp_path_factory.mktemp("agents")
    (folder / NAME).symlink_to(ROOT / "saved_models" / "Pong")
    return start_module({"models": folder})


def test_a_shipped_agent_is_described_to_the_last_axis(agent: Any) -> None:
    answer = agent.ask("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json" and answer.json["openapi"] == "3.1.0"
    assert "/monitoring/prometheus/metrics" not in answer.json["paths"]
    path = f"/v1/models/{quote(NAME, safe='')}:predict"
    content = answer.json["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert set(content["examples"]) == {"serving_default", "overlay"}, "a screen of numbers would fill pages"
    for example_path, name, body in examples(answer.json):
        (prediction,) = agent.ask("POST", example_path, body).json["predictions"]
        assert prediction["action_name"] in prediction["action_names"], name
    (frame,) = [
        form["properties"]["instances"]["items"]["properties"]["frame"]
        for form in content["schema"]["anyOf"]
        if form["properties"]["signature_name"]["const"] == "step" and form["properties"]["instances"]
    ]
    axis, sizes = frame, []
    while axis["type"] == "array":
        sizes.append((axis["minItems"], axis["maxItems"]))
        axis = axis["items"]
    assert sizes == [(210, 210), (160, 160), (3, 3)] and axis == {"type": "integer", "minimum": 0, "maximum": 255}


def test_a_path_of_the_document_leads_to_the_model_whatever_its_name(agent: Any) -> None:
    paths = agent.ask("GET", "/openapi.json").json["paths"]
    (path,) = [path for path in paths if path.endswith("/metadata") and "{" not in path]
    assert agent.ask("GET", path).json["model_spec"]["name"] == NAME

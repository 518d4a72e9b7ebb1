"""What both servers say about their models, and to paths that ask nothing."""

from pathlib import Path

import pytest

from xdrl.storage.saved_models import shipped_agents

ROOT = Path(__file__).parents[3]
AVAILABLE = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


def test_the_real_server_is_tried_as_well(real_api):
    for name, version in shipped_agents(ROOT / "saved_models").items():
        status = real_api.ask("GET", f"/v1/models/{name}").json["model_version_status"]
        assert status == [{"version": version.name, **AVAILABLE}]


def test_the_status_of_a_model_and_of_one_version(api, version):
    for path in ("/v1/models/Pong", f"/v1/models/Pong/versions/{version}"):
        answer = api.ask("GET", path)
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert answer.json == {"model_version_status": [{"version": version, **AVAILABLE}]}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("", 400, "Missing model name in request."),
        ("/nobody", 404, "Could not find any versions of model nobody"),
        ("/Pong/versions/999", 404, "Could not find version 999 of model Pong"),
        ("/nobody/metadata", 404, "Servable not found for request: Latest(nobody)"),
        ("/Pong/versions/999/metadata", 404, "Servable not found for request: Specific(Pong, 999)"),
        ("/Pong/labels/stable/metadata", 400, "Unrecognized servable version label: stable"),
    ],
)
def test_models_and_versions_that_are_not_there(api, path, status, message):
    answer = api.ask("GET", f"/v1/models{path}")
    assert (answer.status, answer.error) == (status, message)


def test_the_metadata_of_every_signature(api, version):
    answer = api.ask("GET", "/v1/models/Pong/metadata").json
    assert answer["model_spec"] == {"name": "Pong", "signature_name": "", "version": version}
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "overlay", "step", "explain"} <= set(signatures)
    step = signatures["step"]
    assert set(step["inputs"]) == {"frame", "state_h", "state_c"}
    sizes = [{"size": size, "name": ""} for size in ("-1", "210", "160", "3")]
    frame = step["inputs"]["frame"]
    assert (frame["dtype"], frame["tensor_shape"]) == ("DT_UINT8", {"dim": sizes, "unknown_rank": False})
    assert frame["name"].endswith(":0")
    assert step["method_name"] == "tensorflow/serving/predict"
    assert signatures["serving_default"]["inputs"]["image_bytes"]["dtype"] == "DT_STRING"
    assert signatures["overlay"]["outputs"]["overlay_bytes"]["dtype"] == "DT_STRING"
    assert signatures["explain"]["inputs"]["target_action"]["dtype"] == "DT_INT64"


def test_the_metadata_of_one_version(api, version):
    newest = api.ask("GET", "/v1/models/Pong/metadata").json
    assert api.ask("GET", f"/v1/models/Pong/versions/{version}/metadata").json == newest


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models/Pong:predict"),
        ("PUT", "/v1/models/Pong:predict"),
        ("DELETE", "/v1/models/Pong"),
        ("POST", "/v1/models/Pong"),
        ("POST", "/v1/models/Pong:predict/"),
        ("POST", "/v1/models/Pong:predict?a=1"),
        ("POST", "/v1/models/Pong/versions/two:predict"),
        ("POST", "/v1/models/Pong:explain"),
        ("GET", "/v1/models/Pong/"),
        ("GET", "/v1/models/Pong/metadata/"),
        ("GET", "/v1/somewhere"),
    ],
)
def test_what_asks_nothing_is_malformed(api, method, path):
    answer = api.ask(method, path, "{}" if method in ("POST", "PUT") else None)
    assert (answer.status, answer.error) == (400, f"Malformed request: {method} {path}")


@pytest.mark.parametrize("path", ["/v1", "/v2/models/Pong"])
def test_outside_v1_there_is_nothing(api, path):
    assert api.ask("GET", path).status == 404


def test_a_version_beyond_64_bits_is_refused(api):
    assert api.ask("GET", "/v1/models/Pong/versions/99999999999999999999").status == 400

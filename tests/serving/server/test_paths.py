"""Paths, status and metadata."""

from typing import Any

import pytest

NOT_FOUND = "NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models/scaler:predict"),
        ("PUT", "/v1/models/scaler:predict"),
        ("DELETE", "/v1/models/scaler"),
        ("POST", "/v1/models/scaler"),
        ("POST", "/v1/models/scaler:predict/"),
        ("POST", "/v1/models/scaler:predict?a=1"),
        ("POST", "/v1/models/scaler:PREDICT"),
        ("POST", "/v1/models/scaler/versions/two:predict"),
        ("POST", "/v1/models/scaler:explain"),
        ("GET", "/v1/models/scaler/"),
        ("GET", "/v1/models/scaler/versions/two"),
        ("GET", "/v1/models/scaler/metadata/"),
        ("GET", "/v1/"),
        ("GET", "/v1/somewhere"),
    ],
)
def test_anything_else_under_v1_is_malformed(server: Any, method: str, path: str) -> None:
    answer = server.ask(method, path, "{}" if method != "GET" else None)
    assert (answer.status, answer.error) == (400, f"Malformed request: {method} {path}")


@pytest.mark.parametrize("path", ["/v1", "/v2/models/scaler", "/monitoring/prometheus/metrics", "/favicon.ico"])
def test_outside_v1_is_a_plain_404(server: Any, path: str) -> None:
    answer = server.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_letter_case_and_percent_codes_in_a_path(server: Any) -> None:
    for path in ("/V1/Models/scaler:predict", "/v1/models/%73caler:predict"):
        assert server.ask("POST", path, {"instances": [[1, 2]]}).json == {"predictions": [[3, 6]]}


def test_a_version_number_beyond_64_bits(server: Any) -> None:
    for digits in ("9" * 19, "9" * 5000):
        answer = server.ask("GET", f"/v1/models/scaler/versions/{digits}")
        assert answer.status == 400
        assert answer.error.startswith("Failed to convert version: 999")


def test_status_of_all_versions_newest_first_with_the_broken_one(server: Any) -> None:
    answer = server.ask("GET", "/v1/models/scaler")
    broken, *loaded = answer.json["model_version_status"]
    good = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert loaded == [{"version": "2", **good}, {"version": "1", **good}]
    assert (broken["version"], broken["state"]) == ("3", "END")
    assert broken["status"]["error_code"] == NOT_FOUND
    assert broken["status"]["error_message"]
    assert answer.headers["content-type"] == "application/json"


def test_status_of_one_version(server: Any) -> None:
    entries = server.ask("GET", "/v1/models/scaler/versions/1").json["model_version_status"]
    assert [entry["version"] for entry in entries] == ["1"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("", 400, "Missing model name in request."),
        ("/nobody", 404, "Could not find any versions of model nobody"),
        ("/scaler/versions/9", 404, "Could not find version 9 of model scaler"),
        ("/scaler/labels/stable", 400, "Unrecognized servable version label: stable"),
        ("/scaler/labels/stable/metadata", 400, "Unrecognized servable version label: stable"),
        ("/nobody/metadata", 404, "Servable not found for request: Latest(nobody)"),
        ("/scaler/versions/3/metadata", 404, "Servable not found for request: Specific(scaler, 3)"),
    ],
)
def test_unknown_models_versions_and_labels(server: Any, path: str, status: int, message: str) -> None:
    answer = server.ask("GET", f"/v1/models{path}")
    assert (answer.status, answer.error) == (status, message)


def test_a_broken_version_is_not_found_and_an_older_one_is_served(server: Any) -> None:
    answer = server.ask("POST", "/v1/models/scaler/versions/3:predict", {"instances": [[1, 2]]})
    assert (answer.status, answer.error) == (404, "Servable not found for request: Specific(scaler, 3)")
    assert server.predict("scaler", {"instances": [[1, 2]]}).json == {"predictions": [[3, 6]]}


def test_metadata(server: Any) -> None:
    answer = server.ask("GET", "/v1/models/scaler/versions/1/metadata").json
    assert answer["model_spec"] == {"name": "scaler", "signature_name": "", "version": "1"}
    assert list(answer["metadata"]) == ["signature_def"]
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "any_length", "spin", "__saved_model_init_op"}
    default = signatures["serving_default"]
    axes = [{"size": "-1", "name": ""}, {"size": "2", "name": ""}]
    assert default["inputs"] == {
        "x": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": axes, "unknown_rank": False},
            "name": "serving_default_x:0",
        }
    }
    assert list(default["outputs"]) == ["y"]
    assert default["method_name"] == "tensorflow/serving/predict"


def test_metadata_of_the_newest_version_and_of_an_unknown_rank(server: Any) -> None:
    assert server.ask("GET", "/v1/models/scaler/metadata").json["model_spec"]["version"] == "2"
    signatures = server.ask("GET", "/v1/models/echoes/metadata").json["metadata"]["signature_def"]["signature_def"]
    shape = signatures["echo_uint8"]["inputs"]["x"]["tensor_shape"]
    assert shape == {"dim": [], "unknown_rank": True}
    assert signatures["echo_half"]["inputs"]["x"]["dtype"] == "DT_HALF"

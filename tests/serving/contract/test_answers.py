"""What both servers answer to predictions."""

import base64
import gzip
import json
import math
import re

import numpy as np
import pytest

COMMON = {
    "action",
    "action_name",
    "action_names",
    "action_probabilities",
    "value",
    "heatmap",
    "heatmap_peak",
    "heatmap_status",
    "heatmap_box",
}


def frames(sample, count: int = 1, **values) -> dict:
    """Returns columnar inputs of `step`."""
    inputs = {"frame": [sample.frame] * count, "state_h": [sample.zero] * count, "state_c": [sample.zero] * count}
    return inputs | values


def assert_same(one: dict, other: dict) -> None:
    """Fails where two answers about one screen differ by more than the order of additions."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        if name in ("action", "action_name", "action_names", "heatmap_status"):
            assert value == other[name]
        elif name != "overlay_bytes":
            np.testing.assert_allclose(value, other[name], atol=1e-4)


def test_rows_bare_and_named(api, sample):
    named = api.predict({"instances": [{"image_bytes": sample.b64}]})
    bare = api.predict({"signature_name": "serving_default", "instances": [sample.b64]})
    assert (named.status, named.content_type, list(named.json)) == (200, "application/json", ["predictions"])
    assert_same(named.json["predictions"][0], bare.json["predictions"][0])


def test_columns_bare_and_named_and_names_that_are_not_asked_for(api, sample):
    row = api.predict({"instances": [sample.b64]}).json["predictions"][0]
    for inputs in ([sample.b64], {"image_bytes": [sample.b64]}, {"image_bytes": [sample.b64], "unknown": [1, [2]]}):
        answer = api.predict({"inputs": inputs}).json
        assert list(answer) == ["outputs"]
        assert_same({name: values[0] for name, values in answer["outputs"].items()}, row)


def test_every_output_has_its_json_type(api, sample):
    row = api.predict({"instances": [sample.b64]}).json["predictions"][0]
    assert set(row) == COMMON
    assert type(row["action"]) is int and row["action_names"][row["action"]] == row["action_name"]
    assert row["action_names"] == ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"]
    assert {type(row[name]) for name in ("value", "heatmap_peak")} == {float}
    assert {type(number) for number in row["action_probabilities"] + row["heatmap_box"]} == {float}
    assert sum(row["action_probabilities"]) == pytest.approx(1, abs=1e-4)
    assert row["action"] == int(np.argmax(row["action_probabilities"]))
    assert np.shape(row["heatmap"]) == (10, 10) and 0 <= np.min(row["heatmap"]) <= np.max(row["heatmap"]) <= 1


def test_instances_are_answered_in_their_order(api, sample):
    answer = api.predict({"instances": [sample.b64, sample.black, sample.b64]}).json["predictions"]
    alone = [api.predict({"instances": [image]}).json["predictions"][0] for image in (sample.b64, sample.black)]
    assert len(answer) == 3
    for row, expected in zip(answer, [*alone, alone[0]], strict=True):
        assert_same(row, expected)
    assert abs(alone[0]["value"] - alone[1]["value"]) > 1e-3


def test_an_output_that_ends_in_bytes_is_base64(api, sample):
    answer = api.predict({"signature_name": "overlay", "inputs": [sample.b64]}).json["outputs"]
    assert set(answer) == COMMON | {"overlay_bytes"} and list(answer["overlay_bytes"][0]) == ["b64"]
    assert base64.b64decode(answer["overlay_bytes"][0]["b64"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")


def test_base64_without_padding_and_with_white_space(api, sample):
    text = sample.b64["b64"]
    assert text.endswith("=") or len(text) % 4 == 0
    spaced = f" {text[:8]}\n{text[8:]} "
    expected = api.predict({"instances": [sample.b64]}).json["predictions"][0]
    for changed in (text.rstrip("="), spaced):
        assert_same(api.predict({"instances": [{"b64": changed}]}).json["predictions"][0], expected)


def test_raw_frames_in_rows_and_columns(api, sample):
    row = {"frame": sample.frame, "state_h": sample.zero, "state_c": sample.zero}
    by_row = api.predict({"signature_name": "step", "instances": [row]}).json["predictions"][0]
    columns = api.predict({"signature_name": "step", "inputs": frames(sample)}).json["outputs"]
    by_column = {name: values[0] for name, values in columns.items()}
    assert set(by_row) == COMMON | {"next_state_h", "next_state_c"}
    assert_same(by_row, by_column)
    picture = api.predict({"instances": [sample.b64]}).json["predictions"][0]
    assert_same(picture, {name: by_row[name] for name in picture})


def test_a_state_is_fed_back(api, sample):
    first = api.predict({"signature_name": "step", "inputs": frames(sample)}).json["outputs"]
    state = {"state_h": first["next_state_h"], "state_c": first["next_state_c"]}
    second = api.predict({"signature_name": "step", "inputs": frames(sample, **state)}).json["outputs"]
    assert np.abs(np.subtract(first["next_state_c"], second["next_state_c"])).max() > 1e-3


def test_an_action_is_explained(api, sample):
    inputs = frames(sample, 2, target_action=[0, 5])
    answer = api.predict({"signature_name": "explain", "inputs": inputs}).json["outputs"]
    assert {name: np.shape(values) for name, values in answer.items()} == {
        "heatmap": (2, 10, 10),
        "heatmap_peak": (2,),
        "contrast_heatmap": (2, 10, 10),
    }


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_bare_tokens_both_ways(api, sample, token):
    text = json.dumps({"signature_name": "step", "inputs": frames(sample, state_c=["HERE"])})
    values = ",".join([token, *(["0"] * (len(sample.zero) - 1))])
    answer = api.predict(text.replace('"HERE"', f"[{values}]"))
    assert answer.status == 200, answer.body
    # A gate between 0 and 1 times the cell: it stays what it was.
    assert re.search(rf'"next_state_c": ?\[\s*\[\s*{token},', answer.body.decode())
    first = answer.json["outputs"]["next_state_c"][0][0]
    assert math.isnan(first) if token == "NaN" else first == float(token)


def test_decimals_are_no_longer_than_a_single_needs(api, sample):
    answer = api.predict({"instances": [sample.b64]})
    number = re.search(rb'"value": ?(-?[0-9.]+(e-?[0-9]+)?)', answer.body)[1].decode()
    digits = number.split("e")[0].replace("-", "").replace(".", "").lstrip("0")
    assert 1 <= len(digits) <= 9
    assert re.search(rb'"heatmap_box": ?\[\s*-?[0-9]+\.0,', answer.body), "whole numbers are decimals as well"


def test_a_gzip_body_is_inflated_and_its_content_type_ignored(api, sample):
    body = json.dumps({"instances": [sample.b64]}).encode()
    expected = api.predict(body).json["predictions"][0]
    answer = api.predict(gzip.compress(body), {"Content-Encoding": "gzip", "Content-Type": "text/html"})
    assert_same(answer.json["predictions"][0], expected)


def test_of_equal_keys_the_first_counts(api, sample):
    image = json.dumps([sample.b64])
    answer = api.predict(f'{{"inputs": {{"image_bytes": {image}, "image_bytes": 1}}, "inputs": 7}}')
    assert answer.status == 200, answer.body


def test_requests_follow_each_other_on_one_connection(api, sample):
    connection = api.connect()
    statuses = []
    for body in ({"instances": [sample.b64]}, "{", {"instances": [sample.b64]}):
        statuses.append(api.ask_on(connection, "POST", "/v1/models/Pong:predict", body).status)
    connection.close()
    assert statuses == [200, 400, 200]


def test_a_version_can_be_asked_for(api, sample, version):
    expected = api.predict({"instances": [sample.b64]}).json["predictions"][0]
    for selector in (f"/versions/{version}", f"/versions/0{version}"):
        answer = api.predict({"instances": [sample.b64]}, model=f"Pong{selector}")
        assert_same(answer.json["predictions"][0], expected)


def test_letter_case_does_not_matter_before_the_name(api, sample):
    assert api.ask("POST", "/V1/Models/Pong:predict", {"instances": [sample.b64]}).status == 200


def test_models_do_not_mix(api, sample):
    names = api.predict({"instances": [sample.b64]}, model="Qbert").json["predictions"][0]["action_names"]
    assert names == ["NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN"]

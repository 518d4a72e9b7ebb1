"""What both servers refuse, with which code and words, and in which order they look.

Where a text repeats a list or an object of the request, only what stands around it is compared: the real server breaks
it into lines.
"""

import pytest


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error: "),
        ("{", "JSON Parse error: "),
        ("[1]", "Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        ({"inputs": [], "instances": []}, "expecting only one of 'inputs' or 'instances' keys to exist"),
        ({"signature_name": 5}, "'signature_name' key must be a string value."),
        ({"signature_name": "no"}, 'Serving signature name: "no" not found in signature def'),
        ({"signature_name": "no", "instances": 3}, 'Serving signature name: "no" not found in signature def'),
        ({"instances": {"image_bytes": "a"}}, "Excepting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": [1]}, "JSON Value: 1 Type: Number is not of expected type: string"),
        ({"instances": [True]}, "JSON Value: true Type: True is not of expected type: string"),
        ({"instances": [None]}, "JSON Value: null Type: Null is not of expected type: string"),
        ({"instances": [{"b64": "a"}]}, "Unable to base64 decode"),
        ({"instances": [{"image_bytes": {"b64": 1}}]}, "not formatted correctly for base64 data"),
        ({"instances": [{"image": "a"}]}, "JSON object: does not have named input: image"),
        ({"instances": ["a", {"image_bytes": "a"}]}, "Expecting value/list but got object at item 1 of input list"),
        ({"instances": [{"image_bytes": "a"}, "a"]}, "Expecting object but got list at item 1 of input list"),
        ({"instances": ["a", ["a"]]}, "Expecting shape [] but got: [1]"),
        ({"inputs": {"image": ["a"]}}, "Missing named input: image_bytes in 'inputs' object."),
        ({"inputs": ["a", ["b"]]}, "Encountered list at unexpected level: 1 expected < 1"),
        ({"signature_name": "step", "instances": [1]}, "expecting list of objects as multiple input tensors required"),
        ({"signature_name": "step", "inputs": [1]}, "expecting an object as multiple input tensors required"),
        ({"signature_name": "step", "instances": [{"frame": 1}]}, "keys must be equal to: "),
        ({"instances": ["no image"]}, "expected image_bytes to be a PNG or JPEG image"),
    ],
)
def test_what_does_not_fit_is_a_400_that_says_why(api, body, message):
    answer = api.predict(body)
    assert (answer.status, answer.content_type) == (400, "application/json")
    assert message in answer.error


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("target_action", [1.5], "JSON Value: 1.5 Type: Number is not of expected type: int64"),
        ("target_action", ["1"], 'JSON Value: "1" Type: String is not of expected type: int64'),
        ("target_action", [True], "JSON Value: true Type: True is not of expected type: int64"),
        ("target_action", [6], "expected target_action from 0 to"),
        ("state_h", [[False]], "JSON Value: false Type: False is not of expected type: float"),
        ("state_h", [[0.0], [0.0, 1.0]], "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
        ("state_h", [[0.0]], ""),
        ("state_h", [], ""),
        ("frame", [[[0, 0, 1.5]]], "JSON Value: 1.5 Type: Number is not of expected type: uint8"),
    ],
)
def test_nothing_is_coerced(api, sample, name, value, message):
    good = {"frame": [sample.frame], "state_h": [sample.zero], "state_c": [sample.zero], "target_action": [0]}
    assert api.predict({"signature_name": "explain", "inputs": good}).status == 200
    answer = api.predict({"signature_name": "explain", "inputs": good | {name: value}})
    assert answer.status == 400
    assert message in answer.error


def test_one_bad_image_refuses_its_request_and_no_other(api, sample):
    assert api.predict({"instances": [sample.b64, "no image"]}).status == 400
    assert api.predict({"instances": [sample.b64]}).status == 200


@pytest.mark.parametrize(
    ("model", "body", "status", "message"),
    [
        ("nobody", '{"signature_name": 5, ', 400, "JSON Parse error: "),
        ("nobody", '{"signature_name": 5}', 400, "'signature_name' key must be a string value."),
        ("nobody", '{"signature_name": "no"}', 404, "Servable not found for request: Latest(nobody)"),
        ("Pong/versions/999", '{"signature_name": "no"}', 404, "Servable not found for request: Specific(Pong, 999)"),
        ("Pong/labels/stable", '{"signature_name": "no"}', 400, "Unrecognized servable version label: stable"),
        ("Pong", '{"signature_name": "no"}', 400, 'Serving signature name: "no" not found in signature def'),
        ("Pong", '{"signature_name": ""}', 400, "Missing 'inputs' or 'instances' key"),
    ],
)
def test_the_order_of_checks(api, model, body, status, message):
    answer = api.predict(body, model=model)
    assert (answer.status, message in answer.error) == (status, True), answer.body


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_a_signature_that_takes_no_examples_is_refused(api, verb):
    answer = api.ask("POST", f"/v1/models/Pong:{verb}", {"examples": [{"x": 1.0}]})
    assert answer.status == 400 and "utput" in answer.error

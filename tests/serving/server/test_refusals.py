"""Predictions that are refused, word for word, in the order of the checks."""

from typing import Any

import pytest

FOUR = {"text": "hey", "big": 9007199254740993, "flag": True, "pixels": [0, 1, 255]}


def echo(server: Any, dtype: str, text: str) -> Any:
    """Sends a value, as JSON text, through the signature that gives it back."""
    return server.predict("echoes", f'{{"signature_name": "echo_{dtype}", "inputs": {text}}}')


@pytest.mark.parametrize(
    ("dtype", "sent", "message"),
    [
        ("int32", "[1, 1.5]", "JSON Value: 1.5 Type: Number is not of expected type: int32"),
        ("int64", "[true]", "JSON Value: true Type: True is not of expected type: int64"),
        ("string", "[1]", "JSON Value: 1 Type: Number is not of expected type: string"),
        ("float32", '["1"]', 'JSON Value: "1" Type: String is not of expected type: float'),
        ("float32", "[false]", "JSON Value: false Type: False is not of expected type: float"),
        ("float32", "[null]", "JSON Value: null Type: Null is not of expected type: float"),
        ("float32", '[{"b64": "aGk="}]', 'JSON Value: {"b64": "aGk="} Type: Object is not of expected type: float'),
        ("bool", "[0]", "JSON Value: 0 Type: Number is not of expected type: bool"),
        ("uint8", "[256]", "JSON Value: 256 Type: Number is not of expected type: uint8"),
        ("uint32", "[-1]", "JSON Value: -1 Type: Number is not of expected type: uint32"),
        (
            "int64",
            "[9223372036854775808]",
            "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64",
        ),
        ("float64", "[1e999]", "JSON Parse error: Number too big to be stored in double."),
        ("float64", "[NaN, -1e999]", "JSON Parse error: Number too big to be stored in double."),
        ("string", '[{"b64": "a"}]', "Unable to base64 decode"),
        ("string", '[{"b64": "a-_b"}]', "Unable to base64 decode"),
        ("string", '[{"b64": 1}]', 'JSON Value: {"b64": 1} not formatted correctly for base64 data'),
        ("int32", "[[1, 2], [3]]", "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
        ("int32", "[[1], 2]", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ("int32", "[1, [2]]", "Encountered list at unexpected level: 1 expected < 1"),
    ],
)
def test_nothing_is_coerced(server: Any, dtype: str, sent: str, message: str) -> None:
    answer = echo(server, dtype, sent)
    assert (answer.status, answer.error) == (400, message)


def test_a_dtype_without_a_json_form(server: Any) -> None:
    answer = echo(server, "half", "[1]")
    assert (answer.status, answer.error) == (501, "Conversion of JSON Value: 1 to type: half")
    answer = server.predict("echoes", {"signature_name": "half_out", "instances": [1]})
    assert (answer.status, answer.error) == (400, "Failed to write JSON value for tensor type: half")


FAILED = "Failed to process element:"
INVALID = "of 'instances' list. Error: INVALID_ARGUMENT:"


@pytest.mark.parametrize(
    ("model", "document", "message"),
    [
        (
            "scaler",
            {"instances": [[1, 2]], "inputs": [[1, 2]]},
            "expecting only one of 'inputs' or 'instances' keys to exist",
        ),
        ("scaler", {}, "Missing 'inputs' or 'instances' key"),
        ("scaler", {"instances": {"x": 1}}, "Excepting 'instances' to be an list/array"),
        ("scaler", {"instances": []}, "JSON Value: {\"instances\": []} No values in 'instances' array"),
        ("scaler", [1], "JSON Value: [1] Is not object"),
        ("scaler", {"signature_name": 5}, "'signature_name' key must be a string value."),
        ("scaler", {"signature_name": "no"}, 'Serving signature name: "no" not found in signature def'),
        ("scaler", {"signature_name": "__saved_model_init_op"}, "Failed to get input map for signature"),
        (
            "scaler",
            {"instances": [[1, 2], [1]]},
            f"{FAILED} 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 1",
        ),
        ("scaler", {"instances": [[1, 2], [[1, 2]]]}, "Error: INVALID_ARGUMENT: Expecting shape [2] but got: [1,2]"),
        (
            "scaler",
            {"instances": [1, [1]]},
            f"{FAILED} 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]",
        ),
        (
            "scaler",
            {"instances": [[1, 2], {"x": [1, 2]}]},
            "Expecting value/list but got object at item 1 of input list",
        ),
        ("scaler", {"instances": [{"x": [1, 2]}, [1, 2]]}, "Expecting object but got list at item 1 of input list"),
        (
            "scaler",
            {"instances": [{"y": [1, 2]}]},
            f"{FAILED} 0 key: y {INVALID} JSON object: does not have named input: y",
        ),
        (
            "scaler",
            {"instances": [{"x": ["a", 2]}]},
            f'{FAILED} 0 key: x {INVALID} JSON Value: "a" Type: String is not of expected type: float',
        ),
        ("mixed", {"instances": [FOUR, {"text": "a"}]}, "keys must be equal to: big,flag,pixels,text"),
        (
            "mixed",
            {"instances": [1]},
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per",
        ),
        (
            "mixed",
            {"inputs": [1]},
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per",
        ),
        ("mixed", {"inputs": {"big": [1]}}, "Missing named input: flag in 'inputs' object."),
        (
            "echoes",
            {"signature_name": "uneven", "instances": [1, 2]},
            "Tensor name: first has inconsistent batch size: 1 expecting: 2",
        ),
        ("echoes", {"signature_name": "scalar", "instances": [1, 2]}, "Tensor name: sum has no shape information"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_real_servers_words(
    server: Any, model: str, document: Any, message: str
) -> None:
    answer = server.predict(model, document)
    assert answer.status == 400
    assert message in answer.error


def test_the_order_of_checks(server: Any) -> None:
    steps = [
        ("nobody", '{"signature_name": 5, ', 400, "JSON Parse error: "),
        ("nobody", '{"signature_name": 5}', 400, "'signature_name' key must be a string value."),
        ("nobody", '{"signature_name": "no"}', 404, "Servable not found for request: Latest(nobody)"),
        ("scaler/versions/9", '{"signature_name": "no"}', 404, "Servable not found for request: Specific(scaler, 9)"),
        ("scaler/labels/stable", '{"signature_name": "no"}', 400, "Unrecognized servable version label: stable"),
        ("scaler", '{"signature_name": "no"}', 400, 'Serving signature name: "no" not found in signature def'),
        ("scaler", '{"signature_name": ""}', 400, "Missing 'inputs' or 'instances' key"),
    ]
    for model, text, status, message in steps:
        answer = server.predict(model, text)
        assert (answer.status, message in answer.error) == (status, True), answer.body


def test_an_error_of_the_graph_says_what_the_operation_said(server: Any) -> None:
    answer = server.predict("echoes", {"signature_name": "decode", "instances": ["no image"]})
    assert answer.status == 400
    assert answer.error.startswith("Unknown image file format.")
    answer = server.predict("echoes", {"signature_name": "gather", "instances": [0, 7]})
    assert (answer.status, answer.error) == (400, "indices[1] = 7 is not in [0, 3)")


def test_classify_and_regress_want_a_signature_of_examples(server: Any) -> None:
    answer = server.ask("POST", "/v1/models/scaler:classify", {"examples": [{"x": 1}]})
    assert answer.status == 400
    assert answer.error.startswith("No classification inputs found in SignatureDef: inputs {x}")
    assert server.ask("POST", "/v1/models/nobody:regress", {"examples": [{}]}).status == 404

"""Classification and regression over REST: examples as JSON, and what is refused, word for word."""

import base64
from typing import Any

import pytest

TWO = [{"x": [0.5, 2.5], "word": "cat", "count": 7}, {"x": [1.0, -1.0], "word": "dög"}]


def ask(server: Any, verb: str, document: Any, model: str = "examples") -> Any:
    """Asks for classes or values."""
    return server.ask("POST", f"/v1/models/{model}:{verb}", document)


def test_classes_come_with_their_scores(server: Any) -> None:
    answer = ask(server, "classify", {"examples": TWO})
    assert answer.status == 200, answer.body
    assert answer.json == {"results": [[["cat", 0.5], ["7", 2.5]], [["dög", 1.0], ["0", -1.0]]]}


def test_what_a_signature_does_not_give_is_empty_or_zero(server: Any) -> None:
    answer = ask(server, "classify", {"signature_name": "classes", "examples": TWO[:1]})
    assert answer.body == b'{"results":[[["cat",0.0],["7",0.0]]]}'
    answer = ask(server, "classify", {"signature_name": "scores", "examples": TWO[:1]})
    assert answer.body == b'{"results":[[["",0.5],["",2.5]]]}'


@pytest.mark.parametrize("name", ["regress", "regress_column"])
def test_a_regression_gives_one_number_each(server: Any, name: str) -> None:
    assert ask(server, "regress", {"signature_name": name, "examples": TWO}).body == b'{"results":[3.0,0.0]}'


def test_the_context_is_part_of_every_example_unless_that_says_otherwise(server: Any) -> None:
    document = {"context": {"word": "all", "x": [2.0, 3.0]}, "examples": [{"count": 1}, {"word": "own"}, {}]}
    results = ask(server, "classify", document).json["results"]
    assert results == [[["all", 2.0], ["1", 3.0]], [["own", 2.0], ["0", 3.0]], [["all", 2.0], ["0", 3.0]]]


def test_a_feature_is_a_value_or_a_list_of_values_and_text_may_be_base64(server: Any) -> None:
    word = {"b64": base64.b64encode(b"in bytes").decode()}
    document = {"examples": [{"word": word, "count": True}, {"word": [word], "count": [3]}]}
    results = ask(server, "classify", document).json["results"]
    assert [[label for label, _ in classes] for classes in results] == [["in bytes", "1"], ["in bytes", "3"]]


def test_nan_and_infinity_are_values_of_a_feature(server: Any) -> None:
    answer = ask(server, "classify", '{"signature_name": "scores", "examples": [{"x": [NaN, -Infinity]}]}')
    assert answer.body == b'{"results":[[["",NaN],["",-Infinity]]]}'


def test_an_integer_where_the_graph_wants_a_float_is_the_graphs_error(server: Any) -> None:
    answer = ask(server, "classify", {"examples": [{"x": [1, 2]}]})
    assert answer.status == 400
    assert "Data types don't match. Data type: int64 but expected type: float" in answer.error


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("null", "Feature: f has element with unexpected JSON type: Null"),
        ("[[1]]", "Feature: f has element with unexpected JSON type: Array"),
        ('{"a": 1}', "Feature: f has element with unexpected JSON type: Object"),
        ('{"b64": 1}', "Feature: f has element with unexpected JSON type: Object"),
        ('[1, "a"]', "Unexpected element type in feature: f expecting type: int64"),
        ("[1, 1.0]", "Unexpected element type in feature: f expecting type: int64"),
        ("[1.0, 1]", "Unexpected element type in feature: f expecting type: float"),
        ('["a", true]', "Unexpected element type in feature: f expecting type: bytes"),
        ('{"b64": "a"}', "Unable to base64 decode"),
        ("9223372036854775808", "Feature: f has uint64 element. Only int64 is supported."),
        ("1e999", "JSON Parse error: Number too big to be stored in double."),
        ("9" * 400, "JSON Parse error: Number too big to be stored in double."),
    ],
)
def test_a_feature_that_is_none_is_refused(server: Any, feature: str, message: str) -> None:
    answer = ask(server, "classify", f'{{"examples": [{{"f": {feature}}}]}}')
    assert (answer.status, answer.error) == (400, message)


@pytest.mark.parametrize("feature", ["[]", "18446744073709551616", "-9223372036854775809", "-9223372036854775808"])
def test_a_feature_that_the_graph_does_not_know_is_ignored(server: Any, feature: str) -> None:
    answer = ask(server, "regress", f'{{"signature_name": "regress", "examples": [{{"f": {feature}}}]}}')
    assert answer.body == b'{"results":[0.0]}'


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"examples": 1}, "JSON Value: {\"examples\": 1} Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "JSON Value: {\"examples\": []} 'examples' value is an empty array"),
        ({}, "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"context": [], "examples": 1}, "Example must be JSON object but got JSON Array"),
    ],
)
def test_examples_that_are_none_are_refused_before_the_model_is_looked_for(
    server: Any, document: Any, message: str
) -> None:
    for model in ("examples", "nobody"):
        for verb in ("classify", "regress"):
            answer = ask(server, verb, document, model)
            assert (answer.status, answer.error) == (400, message)


def test_the_order_of_checks(server: Any) -> None:
    steps = [
        ("nobody", {"signature_name": 1, "examples": 1}, 400, "'signature_name' key must be a string value."),
        ("nobody", {"signature_name": "no", "examples": [{}]}, 404, "Servable not found for request: Latest(nobody)"),
        ("examples", {"signature_name": "no", "examples": [{}]}, 400, "No signature was found with the name: no"),
        ("scaler", {"examples": [{}]}, 400, "No regression inputs found in SignatureDef"),
        ("examples", {"examples": [{}]}, 400, "Expected one output Tensor."),
    ]
    for model, document, status, message in steps:
        answer = ask(server, "regress", document, model)
        assert (answer.status, message in answer.error) == (status, True), answer.body


@pytest.mark.parametrize(
    ("verb", "name", "message"),
    [
        ("classify", "classify_two_inputs", "Expected one input Tensor."),
        ("classify", "classify_three_outputs", "Expected one or two output Tensors, found 3"),
        ("classify", "classify_other_input", "No classification inputs found in SignatureDef: inputs {examples} outpu"),
        (
            "classify",
            "classify_other_output",
            'outputs to contain at least one of "classes" or "scores". Signature was',
        ),
        ("classify", "classify_numbers", "Expects arg[0] to be float but string is provided"),
        ("classify", "classify_flat", "Expected Tensor shape: [batch_size num_classes] but got [2]"),
        ("classify", "classify_doubles", "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ("classify", "classify_first", "Expected scores output batch size of 2. Got: 1"),
        ("classify", "classify_uneven", "Tensors class and score should match in dim_size(1). Got 2 vs. 3"),
        ("regress", "regress_two_outputs", "Expected one output Tensor."),
        ("regress", "regress_other_output", "No regression outputs found in SignatureDef: inputs {inputs} outputs {"),
        (
            "regress",
            "regress_matrix",
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2",
        ),
        ("regress", "regress_words", "Expected output Tensor of DT_FLOAT. Got: DT_STRING"),
    ],
)
def test_a_signature_that_is_built_wrongly_is_refused(server: Any, verb: str, name: str, message: str) -> None:
    answer = ask(server, verb, {"signature_name": name, "examples": [{}, {}]})
    assert (answer.status, message in answer.error) == (400, True), answer.body


def test_a_large_list_of_features_is_read_quickly(server: Any) -> None:
    numbers = ",".join(["1.5"] * 1_000_000)
    answer = ask(server, "regress", f'{{"signature_name": "regress", "examples": [{{"f": [{numbers}]}}]}}')
    assert answer.body == b'{"results":[0.0]}'


def test_a_signature_of_another_method_answers_where_its_tensors_fit(server: Any) -> None:
    document = {"signature_name": "predict", "examples": [{"x": [0.25, 0.5], "word": "cat", "count": 7}]}
    assert ask(server, "classify", document).json == {"results": [[["cat", 0.25], ["7", 0.5]]]}


def test_a_model_of_tensorflow_2_classifies_and_regresses(server: Any) -> None:
    examples = {"examples": [{"x": [0.25, 0.5]}, {"x": [1.0, -1.0]}]}
    answer = ask(server, "classify", {"signature_name": "classify", **examples}, "modern")
    assert answer.json == {"results": [[["0", 0.25], ["1", 0.5]], [["0", 1.0], ["1", -1.0]]]}
    answer = ask(server, "regress", {"signature_name": "regress", **examples}, "modern")
    assert answer.json == {"results": [0.75, 0.0]}


def test_a_number_that_is_too_large_for_a_float_is_infinite(server: Any) -> None:
    answer = ask(server, "classify", {"examples": [{"x": [1e39, -1e39]}]})
    assert answer.body == b'{"results":[[["none",Infinity],["0",-Infinity]]]}'

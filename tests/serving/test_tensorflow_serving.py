"""The real server's configuration says what it should: each file is read as the message that the server reads it as."""

from pathlib import Path

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from xdrl.storage.saved_models import shipped_agents

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "serving" / "tensorflow_serving"
KINDS = {
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
}
WRAPPED = ".google.protobuf.Int64Value"
# Source: session_bundle_config.proto and monitoring_config.proto of TensorFlow Serving 2.19; tensorflow-serving-api
# has neither.
MESSAGES = {
    "BatchingParameters": {
        "max_batch_size": (1, WRAPPED),
        "batch_timeout_micros": (2, WRAPPED),
        "max_enqueued_batches": (3, WRAPPED),
        "num_batch_threads": (4, WRAPPED),
        "thread_pool_name": (5, ".google.protobuf.StringValue"),
        "allowed_batch_sizes": (6, "int64"),
        "pad_variable_length_inputs": (7, "bool"),
    },
    "PrometheusConfig": {"enable": (1, "bool"), "path": (2, "string")},
    "MonitoringConfig": {"prometheus_config": (1, ".checked.PrometheusConfig")},
}


@pytest.fixture(scope="module")
def messages() -> dict:
    """The messages that no package has, by name."""
    file = descriptor_pb2.FileDescriptorProto(name="checked.proto", package="checked", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number)
            added.label = added.LABEL_REPEATED if field == "allowed_batch_sizes" else added.LABEL_OPTIONAL
            added.type = KINDS.get(kind, added.TYPE_MESSAGE)
            if kind not in KINDS:
                added.type_name = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"checked.{name}")) for name in MESSAGES}


def service() -> dict:
    (found,) = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"].values()
    return found


def flags() -> dict[str, str]:
    return dict(flag.removeprefix("--").split("=") for flag in service()["command"])


def on_this_machine(path: str) -> Path:
    """Returns what a path within the container is outside of it."""
    for volume in service()["volumes"]:
        outside, inside, mode = volume.split(":")
        assert mode == "ro"
        if path == inside or path.startswith(f"{inside}/"):
            return (FOLDER / outside / path.removeprefix(inside).lstrip("/")).resolve()
    raise AssertionError(f"{path} is in no volume")


def test_every_agent_that_is_shipped_is_a_model_where_its_versions_lie():
    config = text_format.Parse(on_this_machine(flags()["model_config_file"]).read_text(), ModelServerConfig())
    shipped = {name: version.parent.resolve() for name, version in shipped_agents(ROOT / "saved_models").items()}
    assert {model.name: on_this_machine(model.base_path) for model in config.model_config_list.config} == shipped
    assert {model.model_platform for model in config.model_config_list.config} == {"tensorflow"}


def test_requests_are_batched_in_sizes_that_the_server_takes(messages):
    text = on_this_machine(flags()["batching_parameters_file"]).read_text()
    batching = text_format.Parse(text, messages["BatchingParameters"]())
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes)) and sizes[-1] == batching.max_batch_size.value == 32
    assert (batching.num_batch_threads.value, batching.batch_timeout_micros.value) == (2, 1000)
    assert batching.max_enqueued_batches.value == 8
    assert flags()["enable_batching"] == "true"


def test_prometheus_finds_its_metrics(messages):
    text = on_this_machine(flags()["monitoring_config_file"]).read_text()
    monitoring = text_format.Parse(text, messages["MonitoringConfig"]())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_the_server_is_reached_from_this_machine_alone():
    assert service()["ports"] == [f"127.0.0.1:{port}:{port}" for port in (8500, 8501)]
    assert service()["image"].startswith("tensorflow/serving:2.")


def test_the_readme_starts_it():
    tutorial = ROOT / "docs" / "tutorials" / "serve.md"
    assert "docker compose -f serving/tensorflow_serving/compose.yaml up" in tutorial.read_text("utf-8")


@pytest.mark.parametrize("line", ["max_batch_sizes { value: 1 }", "max_batch_size: 3", "allowed_batch_sizes: 1.5"])
def test_a_slip_in_a_file_is_found(messages, line):
    with pytest.raises(text_format.ParseError):
        text_format.Parse(line, messages["BatchingParameters"]())

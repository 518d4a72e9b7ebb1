"""While a server loads its models: it is alive, not ready, says so over both protocols, and can be stopped."""

import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.models.warm_up import WARM_UP_FILE

SECONDS = 60
Health = health_pb2.HealthCheckResponse


class Waiter(tf.Module):
    """A model whose answer waits for a file: recorded as its warm-up, it keeps the model from being loaded as long."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "path")])
    def wait(self, path: tf.Tensor) -> dict[str, tf.Tensor]:
        """Looks for the file until it is there."""

        def is_missing(_: tf.Tensor) -> tf.Tensor:
            return tf.equal(tf.size(tf.io.matching_files(path)), 0)

        return {"looks": tf.while_loop(is_missing, lambda looks: [looks + 1], [0])[0]}


@pytest.fixture(scope="module")
def waiter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported model, without a recording."""
    folder, module = tmp_path_factory.mktemp("waiter") / "1", Waiter()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.wait})
    return folder


@pytest.fixture
def loading(waiter: Path, models: Path, tmp_path: Path, begin: Callable[..., Any]) -> Iterator[Any]:
    """A server that answers and goes on to load `waiter` until the file `go` is there, and `zebra` after it."""
    version = tmp_path / "models" / "waiter" / "1"
    shutil.copytree(waiter, version)
    shutil.copytree(models / "scaler" / "1", tmp_path / "models" / "zebra" / "1")
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.inputs["path"].CopyFrom(tf.make_tensor_proto(str(tmp_path / "go")))
    (version / WARM_UP_FILE).parent.mkdir()
    with tf.io.TFRecordWriter(str(version / WARM_UP_FILE)) as writer:
        writer.write(log.SerializeToString())
    server = begin({"models": tmp_path / "models", "port": free_port(), "grpc_port": free_port()})
    wait_for(lambda: is_alive(server))
    yield server
    (tmp_path / "go").touch()


def free_port() -> int:
    """Returns a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def is_alive(server: Any) -> bool:
    """Tells whether a liveness probe would be content; before there is a port, the probe has nobody to ask."""
    try:
        return server.ask("GET", "/healthz").status == 200
    except ConnectionRefusedError:
        assert server.process.poll() is None
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def code_of(call: Callable[[], Any]) -> str:
    """Returns the code of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return str(error.value.code().name)


def test_a_server_that_loads_is_alive_and_not_ready_until_it_has_loaded(loading: Any, tmp_path: Path) -> None:
    being_loaded = [{"model": name, "reason": "it is being loaded"} for name in ("waiter", "zebra")]
    answer = loading.ask("GET", "/readyz")
    assert (answer.status, answer.json) == (503, {"ready": False, "missing": being_loaded})
    for method, path in (
        ("GET", "/v1/models/zebra"),
        ("GET", "/v1/models/zebra/metadata"),
        ("GET", "/v1/models/zebra/labels/stable"),
        ("POST", "/v1/models/zebra:predict"),
        ("POST", "/v1/models/zebra/labels/stable:predict"),
    ):
        answer = loading.ask(method, path, {"instances": [[1.0, 1.0]]} if method == "POST" else None)
        assert (answer.status, answer.error) == (503, "Model zebra is being loaded"), path
        assert answer.headers["retry-after"] == "1"
    assert loading.ask("GET", "/v1/models/nobody").status == 404
    assert is_alive(loading)
    (tmp_path / "go").touch()
    assert loading.process.stdout.readline().startswith("{")
    answer = loading.ask("GET", "/readyz")
    assert (answer.status, answer.json["missing"]) == (200, [])
    assert loading.predict("zebra", {"instances": [[1.0, 1.0]]}).json == {"predictions": [[2.0, 2.0]]}


def test_grpc_is_not_serving_and_unavailable_until_everything_is_loaded(loading: Any, tmp_path: Path) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{loading.summary['grpc_port']}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watched = health.Watch(health_pb2.HealthCheckRequest(service="PredictionService"), timeout=SECONDS)
        assert next(watched).status == Health.NOT_SERVING
        for service in ("", "PredictionService", "ModelService", "tensorflow.serving.PredictionService"):
            found = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
            assert found.status == Health.NOT_SERVING, service
        predict, status = predict_pb2.PredictRequest(), get_model_status_pb2.GetModelStatusRequest()
        predict.model_spec.name = status.model_spec.name = "zebra"
        reload = model_management_pb2.ReloadConfigRequest()
        reload.config.model_config_list.SetInParent()
        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        service = model_service_pb2_grpc.ModelServiceStub(channel)
        assert code_of(lambda: predictions.Predict(predict, timeout=SECONDS)) == "UNAVAILABLE"
        assert code_of(lambda: service.GetModelStatus(status, timeout=SECONDS)) == "UNAVAILABLE"
        assert code_of(lambda: service.HandleReloadConfigRequest(reload, timeout=SECONDS)) == "UNAVAILABLE"
        (tmp_path / "go").touch()
        assert next(watched).status == Health.SERVING
        assert service.GetModelStatus(status, timeout=SECONDS).model_version_status[0].version == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_models_are_loaded_ends_the_server_well_before_the_next_one(
    loading: Any, tmp_path: Path, number: signal.Signals
) -> None:
    loading.process.send_signal(number)
    assert loading.process.stdout.readline() == "answered\n", "here a process may end, whatever is being loaded"
    assert not listens(loading.port)
    (tmp_path / "go").touch()
    output, _ = loading.process.communicate(timeout=SECONDS)
    assert (loading.process.returncode, output) == (0, "stopped\n")
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" not in log and "does not load" not in log


def listens(port: int) -> bool:
    """Tells whether anybody listens at a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_models_that_all_fail_end_the_server_with_one_line(models: Path, tmp_path: Path, begin: Any) -> None:
    shutil.copytree(models / "scaler" / "3", tmp_path / "models" / "broken" / "1")
    server = begin({"models": tmp_path / "models", "port": free_port(), "grpc_port": free_port()})
    assert server.process.communicate(timeout=SECONDS)[0] == ""
    assert server.process.returncode == 1
    last = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith("ServerError: Not one of the 1 model versions of broken loads; ")


def test_what_the_process_ignores_stays_ignored(models: Path, tmp_path: Path, start: Callable[..., Any]) -> None:
    shutil.copytree(models / "scaler" / "2", tmp_path / "models" / "scaler" / "2")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        server = start({"models": tmp_path / "models"})  # As under `nohup`: a process begins with what is ignored.
    finally:
        signal.signal(signal.SIGHUP, before)
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert server.is_alive()

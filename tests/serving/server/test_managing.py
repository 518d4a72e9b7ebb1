"""The life of versions, in one process: states, what is refused, and that what is retired is freed."""

import gc
import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server import Limits, ServerError
from serving.server.errors import RequestError
from serving.server.models.config_files import sources_in_config
from serving.server.models.managing import ModelManager
from serving.server.models.repository import State
from serving.server.models.sources import ModelSource, version_folders
from serving.server.models.warm_up import WARM_UP_FILE

WAIT_SECONDS = 60
TOO_LONG = "/" + "x" * 5000
FAILED_PRECONDITION = 9


@pytest.fixture
def manage() -> Iterator[Callable[..., ModelManager]]:
    """Makes managers of a test's own, that have loaded, and closes them."""
    made: list[ModelManager] = []

    def make(sources: list[ModelSource], poll_seconds: float = 0.0) -> ModelManager:
        made.append(ModelManager(lambda: sources, Limits(), poll_seconds))
        made[-1].load()
        return made[-1]

    yield make
    for manager in made:
        manager.close()


def config(path: Path | str, more: str = "model_version_policy { all {} }", name: str = "scaler") -> Any:
    """Returns the configuration of one model."""
    entry = f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}'
    return text_format.Parse(f"model_config_list {{ {entry} }}", model_server_config_pb2.ModelServerConfig())


def states(manager: ModelManager, name: str = "scaler") -> dict[int, State]:
    """Returns the state of every version of a model."""
    return {version.number: version.state for version in manager.repository.versions(name)}


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def copy(models: Path, folder: Path, number: int, source: str = "2") -> Path:
    """Puts a version of `scaler` into a folder and returns where it is."""
    shutil.copytree(models / "scaler" / source, folder.parent / "aside")
    folder.mkdir(exist_ok=True)
    return (folder.parent / "aside").rename(folder / str(number))


def test_a_label_moves_with_a_reload_but_only_to_a_version_that_is_available(
    models: Path, manage: Callable[..., ModelManager]
) -> None:
    labelled = 'model_version_policy { all {} } version_labels { key: "stable" value: %d }'
    manager = manage(sources_in_config(config(models / "scaler", labelled % 1)))
    assert manager.repository.find_label("scaler", "stable") == 1
    manager.reload(config(models / "scaler", labelled % 2))
    assert manager.repository.find_label("scaler", "stable") == 2
    for number in (3, 9):
        with pytest.raises(RequestError, match=f"assign label to version {number} of model scaler, which") as error:
            manager.reload(config(models / "scaler", labelled % number))
        assert (error.value.code, error.value.status) == (FAILED_PRECONDITION, 400)
        assert manager.repository.find_label("scaler", "stable") == 2


def test_a_label_waits_for_its_version_and_stays_where_it_is_as_long(
    models: Path, tmp_path: Path, manage: Callable[..., ModelManager], caplog: pytest.LogCaptureFixture
) -> None:
    copy(models, tmp_path / "scaler", 1)
    sources = [ModelSource("scaler", tmp_path / "scaler", labels={"stable": 1, "canary": 2})]
    manager = manage(sources, poll_seconds=0.05)
    assert manager.repository.find_label("scaler", "stable") == 1
    with pytest.raises(RequestError, match="Unrecognized servable version label: canary"):
        manager.repository.find_label("scaler", "canary")
    sources[0] = ModelSource("scaler", tmp_path / "scaler", labels={"stable": 2, "canary": 2})
    wait_for(lambda: len(logged(caplog, "A label has to wait")) == 2)
    assert manager.repository.find_label("scaler", "stable") == 1
    copy(models, tmp_path / "scaler", 2)
    wait_for(lambda: manager.repository.find_label("scaler", "stable") == 2)
    assert manager.repository.find_label("scaler", "canary") == 2
    assert logged(caplog, "A label") == [
        "A label has to wait: canary of model scaler is for version 2, which is not available",
        "A label has to wait: stable of model scaler is for version 2, which is not available; "
        "canary of model scaler is for version 2, which is not available",
    ]


def logged(caplog: pytest.LogCaptureFixture, start: str) -> list[str]:
    """Returns the lines of the log that begin so."""
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith(start)]


@pytest.mark.parametrize(
    ("path", "lack"),
    [("/nowhere", "/nowhere is not there"), (TOO_LONG, "File name too long"), ("s3://bucket/it", "s3://bucket/it is")],
)
def test_a_reload_of_a_model_that_is_not_there_says_so_and_waits_for_it(
    models: Path, manage: Callable[..., ModelManager], path: str, lack: str
) -> None:
    manager = manage([ModelSource("scaler", models / "scaler")])
    before = states(manager)
    with pytest.raises(RequestError, match=f"did not become available: new; .*{lack}") as error:
        manager.reload(config(path, name="new"))
    assert error.value.status == 500
    assert lack in manager.repository.wishes.lacks["new"]
    # One that is served stays as it is, as in the real server.
    manager.reload(config(models / "scaler"))
    manager.reload(config(path))
    assert states(manager) == before == {3: State.END, 2: State.AVAILABLE, 1: State.AVAILABLE}


def test_a_reload_may_come_before_the_model(models: Path, tmp_path: Path, manage: Callable[..., ModelManager]) -> None:
    manager = manage([], poll_seconds=0.05)
    (tmp_path / "scaler").mkdir()
    with pytest.raises(RequestError, match=r"did not become available: scaler; .*holds no version"):
        manager.reload(config(tmp_path / "scaler"))
    copy(models, tmp_path / "scaler", 2)
    wait_for(lambda: states(manager) == {2: State.AVAILABLE})


def test_a_reload_whose_model_does_not_load_says_why(models: Path, manage: Callable[..., ModelManager]) -> None:
    manager = manage([ModelSource("scaler", models / "scaler")])
    with pytest.raises(RequestError, match=r"did not become available: new; .*variables") as error:
        manager.reload(config(models / "scaler", "model_version_policy { specific { versions: 3 } }", name="new"))
    assert error.value.status == 500
    assert set(states(manager).values()) == {State.END}


def test_without_polling_a_version_ends_when_its_last_request_is_done(
    models: Path, manage: Callable[..., ModelManager]
) -> None:
    manager = manage([ModelSource("mixed", models / "mixed")])
    with manager.repository.lease("mixed", None, None):
        manager.reload(config(models / "scaler"))
        assert states(manager, "mixed") == {7: State.UNLOADING}
    wait_for(lambda: states(manager, "mixed") == {7: State.END})
    manager.reload(config(models / "mixed", name="mixed"))
    assert states(manager, "mixed") == {7: State.AVAILABLE}


def test_a_version_that_is_wanted_again_while_it_unloads_is_loaded_again(
    models: Path, manage: Callable[..., ModelManager]
) -> None:
    manager = manage([ModelSource("mixed", models / "mixed")])
    with manager.repository.lease("mixed", None, None) as old:
        manager.reload(config(models / "scaler"))
        manager.reload(config(models / "mixed", name="mixed"))
        with manager.repository.lease("mixed", None, None) as new:
            assert new is not old
    assert old.is_closed
    assert states(manager, "mixed") == {7: State.AVAILABLE}


def test_a_folder_that_cannot_be_read_hinders_no_other_model(
    models: Path, tmp_path: Path, manage: Callable[..., ModelManager]
) -> None:
    copy(models, tmp_path / "scaler", 1)
    sources = [ModelSource("unreadable", Path(TOO_LONG)), ModelSource("scaler", tmp_path / "scaler")]
    manager = manage(sources, poll_seconds=0.05)
    copy(models, tmp_path / "scaler", 2)
    wait_for(lambda: states(manager) == {2: State.AVAILABLE, 1: State.AVAILABLE})
    assert states(manager, "unreadable") == {}


def test_a_retired_version_and_a_broken_one_are_freed_and_the_libraries_stay_out_of_the_collectors_sight(
    models: Path, tmp_path: Path, manage: Callable[..., ModelManager]
) -> None:
    first = copy(models, tmp_path / "scaler", 1)
    manager = manage([ModelSource("scaler", tmp_path / "scaler")], poll_seconds=0.05)
    num_frozen = gc.get_freeze_count()
    assert num_frozen > 100_000
    with manager.repository.lease("scaler", None, None) as version:
        freed = weakref.ref(version)
    del version
    copy(models, tmp_path / "scaler", 2)
    wait_for(lambda: states(manager).get(2) is State.AVAILABLE)
    shutil.rmtree(first)
    wait_for(lambda: states(manager)[1] is State.END)
    wait_for(lambda: freed() is None)
    assert gc.get_freeze_count() >= 0.99 * num_frozen


def test_the_memory_of_what_has_gone_comes_back(heavy: Path, tmp_path: Path, start: Callable[..., Any]) -> None:
    folder = tmp_path / "models" / "heavy"
    shutil.copytree(heavy, folder / "1")
    server = start({"models": tmp_path / "models", "poll_seconds": 0.05})

    def swap(number: int, is_broken: bool) -> None:
        shutil.copytree(heavy, tmp_path / "aside")
        if is_broken:
            (tmp_path / "aside" / WARM_UP_FILE).parent.mkdir()
            (tmp_path / "aside" / WARM_UP_FILE).write_bytes(b"damaged recording of nothing")
        (tmp_path / "aside").rename(folder / str(number))
        state = "END" if is_broken else "AVAILABLE"
        wait_for(lambda: status(server).get(number) == state)
        for other in version_folders(folder).keys() - {number}:
            if not is_broken:
                shutil.rmtree(folder / str(other))
                wait_for(lambda other=other: status(server)[other] == "END")

    swap(2, False)
    swap(3, True)
    before = server.memory()
    for number in range(4, 8):
        swap(number, is_broken=number % 2 == 0)
    assert server.memory() - before < 1.5 * HEAVY_MEBIBYTES * 2**20


HEAVY_MEBIBYTES = 48


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version with many weights."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("heavy") / "1"
    module = tf.Module()
    module.weights = tf.Variable(tf.random.uniform([HEAVY_MEBIBYTES << 18]))
    module.ask = tf.function(
        lambda x: {"y": x + module.weights[0]}, input_signature=[tf.TensorSpec([None], tf.float32, "x")]
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.ask})
    return folder


def status(server: Any) -> dict[int, str]:
    """Returns the states of the heavy model's versions."""
    entries = server.ask("GET", "/v1/models/heavy").json["model_version_status"]
    return {int(entry["version"]): entry["state"] for entry in entries}


def test_a_model_in_text_form_is_served(models: Path, tmp_path: Path, manage: Callable[..., ModelManager]) -> None:
    binary = copy(models, tmp_path / "scaler", 2) / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(binary.read_bytes())
    binary.with_suffix(".pbtxt").write_text(text_format.MessageToString(message), encoding="utf-8")
    binary.unlink()
    assert states(manage([ModelSource("scaler", tmp_path / "scaler")])) == {2: State.AVAILABLE}


def test_a_number_that_is_no_version_is_ignored(tmp_path: Path) -> None:
    for name in ("7", "007", str(2**63 - 1), str(2**63), "9" * 200, "-1", "1.0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    assert version_folders(tmp_path) == {7: tmp_path / "7", 2**63 - 1: tmp_path / str(2**63 - 1)}


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), 1e300])
def test_a_time_that_one_cannot_wait(seconds: float) -> None:
    with pytest.raises(ServerError, match=r"^Expected seconds between two looks for new versions, or 0, got "):
        ModelManager(list, Limits(), seconds)

"""The model config file: several models, their version policies and labels, and what is wrong with a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.server import Limits, ServerError, Settings, serve
from serving.server.errors import RequestError
from serving.server.models.config_files import ConfigFile, sources_in_config
from serving.server.models.managing import ModelManager
from serving.server.models.sources import VersionPolicy


def entry(name: str, path: Path | str, more: str = "") -> str:
    """Returns one model of a config file."""
    return f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}'


def read(file: Path) -> Any:
    """Returns the models that a config file names."""
    config_file = ConfigFile(file)
    config_file.read()
    return config_file.sources


def write(tmp_path: Path, *entries: str) -> Path:
    """Writes a config file."""
    file = tmp_path / "models.config"
    file.write_text("model_config_list {\n" + "\n".join(entries) + "\n}\n", encoding="utf-8")
    return file


def test_names_policies_and_labels_are_served(models: Path, tmp_path: Path, start: Callable[..., Any]) -> None:
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    file = write(
        tmp_path,
        entry("both", models / "scaler", f"model_version_policy {{ specific {{ versions: 1 versions: 2 }} }} {labels}"),
        entry("one", models / "scaler", "model_version_policy { specific { versions: 1 } }"),
        entry("newest", models / "mixed"),
    )
    server = start({"models": None, "model_config_file": file})
    served = {model["name"]: model["versions"] for model in server.summary["models"]}
    assert served == {"both": [2, 1], "newest": [7], "one": [1]}
    body = {"instances": [[1.0, 1.0]]}
    for path, factor in (("both", 3.0), ("both/labels/stable", 2.0), ("both/labels/canary", 3.0), ("one", 2.0)):
        answer = server.ask("POST", f"/v1/models/{path}:predict", body)
        assert answer.json == {"predictions": [[factor, factor]]}, path
    status = server.ask("GET", "/v1/models/both/labels/stable").json["model_version_status"]
    assert [version["version"] for version in status] == ["1"]
    metadata = server.ask("GET", "/v1/models/both/labels/stable/metadata").json
    assert metadata["model_spec"]["version"] == "1"
    for path in ("both/labels/nightly", "one/labels/stable"):
        answer = server.ask("POST", f"/v1/models/{path}:predict", body)
        assert (answer.status, answer.error) == (
            400,
            f"Unrecognized servable version label: {path.split('/')[-1]}",
        )


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        (VersionPolicy(), {1, 2, 9}),
        (VersionPolicy(num_latest=1), {9}),
        (VersionPolicy(num_latest=2), {2, 9}),
        (VersionPolicy(specific=frozenset({1, 5})), {1}),
        (VersionPolicy(specific=frozenset()), set()),
    ],
)
def test_a_policy_chooses(policy: VersionPolicy, chosen: set[int]) -> None:
    assert policy.choose({1, 2, 9}) == chosen


def test_a_policy_is_read_as_the_real_server_reads_it(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        entry("default", "a"),
        entry("all", "/b", "model_version_policy { all {} }"),
        entry("three", "c", "model_version_policy { latest { num_versions: 3 } }"),
    )
    default, everything, three = read(file)
    assert (default.policy, default.folder) == (VersionPolicy(num_latest=1), tmp_path / "a")
    assert (everything.policy, everything.folder) == (VersionPolicy(), Path("/b"))
    assert three.policy == VersionPolicy(num_latest=3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model_config_list { config { nonsense: 1 } }", 'has no field named "nonsense"'),
        ("custom_model_config {}", "Expected a model_config_list"),
        ('model_config_list { config { base_path: "/b" model_platform: "tensorflow" } }', "Expected a name for every"),
        (f"model_config_list {{ {entry('a', '')} }}", "Expected model a to have an absolute path or URI"),
        ('model_config_list { config { name: "a" base_path: "b" } }', "Illegal setting neither .*model name is a$"),
        (f"model_config_list {{ {entry('a', 'b', 'model_type: TENSORFLOW')} }}", "Illegal setting both .*name is a$"),
        ('model_config_list { config { name: "a" base_path: "b" model_type: OTHER } }', "choice 2 not supported"),
        ('model_config_list { config { name: "a" base_path: "b" model_platform: "torch" } }', "platform torch"),
        (f"model_config_list {{ {entry('a', 'b')} {entry('a', 'c')} }}", "list model a multiple times"),
    ],
)
def test_a_file_that_is_not_right_gets_one_line(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "models.config"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ServerError, match=reason) as error:
        read(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="cannot be read: No such file"):
        read(tmp_path / "nowhere")


def test_a_file_and_a_folder_exclude_each_other(tmp_path: Path) -> None:
    for settings in (Settings(port=0), Settings(tmp_path, port=0, model_config_file=tmp_path / "file")):
        with pytest.raises(ServerError, match="either a folder of models or a model config file"):
            serve(settings)


def test_a_model_type_stands_for_its_platform_and_a_uri_for_a_folder(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'config { name: "typed" base_path: "file:///a/b" model_type: TENSORFLOW }',
        entry("far", "s3://bucket/model"),
    )
    typed, far = read(file)
    assert (typed.folder, typed.remote, far.remote) == (Path("/a/b"), None, "s3://bucket/model")


def test_an_empty_file_says_nothing_and_leaves_what_was_said(tmp_path: Path) -> None:
    config_file = ConfigFile(write(tmp_path, entry("a", "/a")))
    assert config_file.read()
    for text, says_something in (("# nothing yet", False), ("", False), ("model_config_list {}", True)):
        (tmp_path / "models.config").write_text(text, encoding="utf-8")
        names = [source.name for source in config_file.sources]
        assert config_file.read() is says_something
        assert [source.name for source in config_file.sources] == ([] if says_something else names)


def test_a_reload_serves_what_the_new_configuration_says(models: Path) -> None:
    manager = ModelManager(lambda: sources_of(entry("old", models / "mixed")), Limits(), poll_seconds=0)
    manager.load()
    try:
        with pytest.raises(RequestError, match="absolute path"):
            manager.reload(parse(entry("relative", "somewhere")))
        assert manager.repository.names() == ["old"]
        with manager.repository.lease("old", None, None) as held:
            manager.reload(parse(entry("new", models / "mixed")))
            assert not held.is_closed
        assert held.is_closed
        with pytest.raises(RequestError, match=r"Latest\(old\)"), manager.repository.lease("old", None, None):
            pass
        with manager.repository.lease("new", 7, None) as version:
            assert version.number == 7
    finally:
        manager.close()


def parse(*entries: str) -> Any:
    """Returns a configuration as the message that a client sends."""
    text = "model_config_list {" + "".join(entries) + "}"
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def sources_of(*entries: str) -> Any:
    """Returns the sources of a configuration."""
    return sources_in_config(parse(*entries))

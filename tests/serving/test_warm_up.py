"""What a server replays before an export answers, and the screen it shows: of a fresh export, and of those shipped."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.warm_up import play_samples, write_samples

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.parent for path in ROOT.glob("saved_models/*/*/saved_model.pb"))
MAX_BYTES = 500_000


@pytest.fixture(params=["exported", *SHIPPED], ids=lambda version: Path(version).name)
def version(request: pytest.FixtureRequest) -> Path:
    """A version of an export."""
    return request.getfixturevalue("exported") if request.param == "exported" else request.param


def read_requests(version: Path) -> list:
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    assert path.stat().st_size < MAX_BYTES
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    logs = [PredictionLog.FromString(record) for record in records]
    assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
    return [log.predict_log.request for log in logs]


def test_every_signature_has_a_request_that_it_can_answer(version, tiny):
    meta_graph, call = tiny.load_in_session(version)
    requests = read_requests(version)
    signatures = set(meta_graph.signature_def) - {"__saved_model_init_op"}
    assert sorted(request.model_spec.signature_name for request in requests) == sorted(signatures)
    for request in requests:
        assert request.model_spec.name == version.parent.name
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        assert {len(array) for array in inputs.values()} == {1}
        assert call(request.model_spec.signature_name, **inputs)["heatmap"].shape[0] == 1


def test_the_sample_is_the_screen_of_the_requests(version):
    with Image.open(version / "assets.extra" / "sample.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (160, 210))
        screen = np.asarray(picture)
    assert len(np.unique(screen.reshape(-1, 3), axis=0)) > 3
    requests = {request.model_spec.signature_name: request for request in read_requests(version)}
    np.testing.assert_array_equal(tf.make_ndarray(requests["step"].inputs["frame"])[0], screen)
    encoded = tf.make_ndarray(requests["serving_default"].inputs["image_bytes"])[0]
    assert encoded == (version / "assets.extra" / "sample.png").read_bytes()
    assert np.abs(tf.make_ndarray(requests["step"].inputs["state_h"])).max() > 0


def test_an_export_that_has_none_is_given_them_and_nothing_else_changes(agent, tmp_path):
    extra = tmp_path / "assets.extra"
    extra.mkdir()
    (extra / "agent.json").write_text("{}")
    for _ in range(2):
        write_samples(agent, play_samples(agent), tmp_path)
        assert sorted(path.name for path in extra.iterdir()) == [
            "agent.json",
            "sample.png",
            "tf_serving_warmup_requests",
        ]
    assert (extra / "agent.json").read_text() == "{}"

"""The measurements, in this process and in no time: what they are of and how they are put together."""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator

import keras
import pytest

from xdrl.backends import tensorflow as backend
from xdrl.benchmarks import learning, yardstick
from xdrl.benchmarks.measuring import describe_machine, measure_here
from xdrl.benchmarks.records import MEASUREMENTS, Benchmark, BenchmarkSettings, Machine, Measurement, save_benchmark
from xdrl.benchmarks.timing import Timing, time_threads
from xdrl.config import TrainingConfig
from xdrl.errors import UserError
from xdrl.machine import count_cores

SETTINGS = BenchmarkSettings(
    TrainingConfig("Pong", network="a3c", num_workers=2, envs_per_worker=2, rollout_length=2), 0.1
)
CORES = count_cores()
TWICE = ("yardstick_after", "training_one_worker", "gradients", "acting")
"""What another measurement measures as well: training acts and takes gradients."""
SPEEDS = {
    "gradients": 250,
    "yardstick_before": 300,
    "training": 200,
    "yardstick_after": 500,
    "training_one_worker": 125,
}


@pytest.fixture(scope="module")
def measured() -> Iterator[Callable[[str], Measurement]]:
    """Makes a measurement here, once."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (backend, yardstick.tf.config.threading):  # TensorFlow has started already
            for name in ("use_threads", "set_intra_op_parallelism_threads", "set_inter_op_parallelism_threads"):
                patch.setattr(module, name, lambda count: None, raising=False)
        patch.setattr("xdrl.preparation.PIXEL_SCREENS", 16)
        patch.setattr("xdrl.assembly.DECORRELATION_STEPS", 5)
        yield functools.cache(lambda name: measure_here(name, SETTINGS))


@pytest.fixture
def benchmark() -> Benchmark:
    """Speeds that can be reckoned with."""
    found = {name: Measurement(2, SPEEDS.get(name, 1000) * 4, 4.0, 8.0, 10**9) for name in MEASUREMENTS}
    return Benchmark(describe_machine("tensorflow"), SETTINGS, found)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in TWICE else name for name in MEASUREMENTS]
)
def test_each_measurement_counts_steps_time_and_memory(measured, name):
    found = measured(name)
    threads = {"training_one_worker": 1, "yardstick_before": min(2, CORES), "yardstick_after": min(2, CORES)}
    assert found.num_workers == threads.get(name, 2)
    assert found.seconds >= 0.1 and found.cpu_seconds > 0 and found.peak_bytes > 50e6
    # Whole tasks of every thread: a batch of the yardstick, a rollout, a step of the environments.
    size = {"yardstick_before": 80, "yardstick_after": 80, "emulator": 2, "acting": 2}.get(name, 4)
    assert found.agent_steps >= size * found.num_workers and found.agent_steps % size == 0


def test_one_worker_is_measured_on_one_core_which_is_left_again(monkeypatch):
    seen: list[int] = []
    timing = Timing(4, 0.1, 0.1)
    monkeypatch.setattr(learning, "time_training", lambda settings: seen.append(count_cores()) or timing)
    found = measure_here("training_one_worker", SETTINGS)
    assert (seen, found.num_workers, count_cores()) == ([1], 1, CORES)


def test_the_ratios_follow_from_the_figures(benchmark):
    ratios = benchmark.ratios
    assert ratios.training_to_yardstick == pytest.approx(200 / 400)  # 400 is the mean of 300 and 500
    # 8 s of CPU for 1,200 and for 2,000 steps are 5.33 ms a step on average; training takes 8 s for 800, 10 ms.
    assert ratios.training_to_yardstick_by_cpu == pytest.approx(0.5333, abs=1e-4)
    assert ratios.training_to_gradients == pytest.approx(200 / 250)
    assert ratios.workers_to_one_worker == pytest.approx(200 / 125)


def test_what_is_written_holds_machine_settings_measurements_and_ratios(benchmark, tmp_path):
    save_benchmark(tmp_path / "new" / "speed.json", benchmark)
    values = json.loads((tmp_path / "new" / "speed.json").read_text())
    assert list(values) == ["machine", "settings", "measurements", "ratios"]
    assert values["machine"].keys() == {field.name for field in dataclasses.fields(Machine)}
    assert values["machine"]["tensorflow"].startswith("2.") and values["machine"]["onednn"] == "1"
    assert values["settings"]["training"]["game"] == "Pong" and values["settings"]["seconds"] == 0.1
    assert list(values["measurements"]) == list(MEASUREMENTS)
    training = values["measurements"]["training"]
    assert (training["steps_per_second"], training["frames_per_second"]) == (200, 800)
    assert training["cpu_seconds_per_step"] == 0.01
    assert values["ratios"]["workers_to_one_worker"] == 1.6


def test_a_file_that_cannot_be_written_is_refused(benchmark, tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        save_benchmark(tmp_path, benchmark)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written: File exists"):
        save_benchmark(tmp_path / "file" / "speed.json", benchmark)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(UserError, match="expected seconds above 0"):
        BenchmarkSettings(SETTINGS.training, seconds)


def test_a_task_that_fails_in_its_thread_fails_the_measurement():
    steps = [1, 1]  # as many as there are calls to warm up
    with pytest.raises(IndexError):
        time_threads([steps.pop], 0.1)


def test_the_yardstick_is_the_convolutions_under_two_dense_layers(e_a3c):
    model = yardstick.plain_network(e_a3c)
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == [
        *["Conv2D", "MaxPooling2D", "ReLU"] * 3,
        *["Conv2D", "ReLU", "MaxPooling2D", "Flatten", "Dense", "Dense"],
    ]
    assert model.input_shape == (None, 80, 80, 1) and model.output_shape == (None, 6)
    # 5 x 5 x 32 + 32, 5 x 5 x 32 x 32 + 32, 3 x 3 x 32 x 64 + 64, 3 x 3 x 64 x 64 + 64, 1600 x 512 + 512, 512 x 6 + 6.
    assert model.count_params() == 832 + 25_632 + 18_496 + 36_928 + 819_712 + 3_078
    gradients = yardstick.compile_gradients(model)(keras.ops.ones((2, 80, 80, 1), "uint8"))
    assert [gradient.shape for gradient in gradients] == [weight.shape for weight in model.trainable_weights]


def test_the_yardstick_of_a_network_with_a_hidden_layer_has_no_more_of_them(a3c):
    kinds = [type(layer).__name__ for layer in yardstick.plain_network(a3c).layers]
    assert kinds.count("Dense") == 2


@pytest.mark.slow
def test_training_is_the_real_one(monkeypatch):
    """It applies gradients to the global network's weights, as often as it says."""
    built, build = [], learning.build_learner
    monkeypatch.setattr(learning, "build_learner", lambda *arguments: built.append(build(*arguments)) or built[0])
    monkeypatch.setattr(backend, "use_threads", lambda count: None)
    monkeypatch.setattr("xdrl.preparation.PIXEL_SCREENS", 16)
    monkeypatch.setattr("xdrl.assembly.DECORRELATION_STEPS", 5)
    timing = learning.time_training(dataclasses.replace(SETTINGS, seconds=0.01))
    warm_up = 2 * 2 * 4  # updates, workers, steps of each
    assert built[0].counts.agent_steps == timing.agent_steps + warm_up
    assert built[0].counts.updates * 4 == built[0].counts.agent_steps

import subprocess
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from xdrl.storage.events import EventsFile

ROOT = Path(__file__).parents[3]


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def test_tensorboard_reads_what_was_written(tmp_path: Path):
    events = EventsFile(tmp_path)
    for step in (10, 20):
        events.add_scalar("entropy", step / 8, step)
    events.close()
    found = read(tmp_path).Tensors("entropy")
    assert [(event.step, event.tensor_proto.float_val[0]) for event in found] == [(10, 1.25), (20, 2.5)]


def test_a_folders_files_are_read_as_one(tmp_path: Path):
    for step in (1, 2):
        events = EventsFile(tmp_path)
        events.add_scalar("score", 0.0, step)
        events.close()
    assert [event.step for event in read(tmp_path).Tensors("score")] == [1, 2]


def test_a_flush_is_enough_to_be_read(tmp_path: Path):
    events = EventsFile(tmp_path)
    events.add_scalar("score", 3.0, 1)
    events.flush()
    assert len(read(tmp_path).Tensors("score")) == 1
    events.close()


def test_nothing_of_tensorflow_is_imported(tmp_path: Path):
    code = "import sys\nfrom pathlib import Path\nfrom xdrl.storage.events import EventsFile\n"
    code += "events = EventsFile(Path(sys.argv[1]))\nevents.add_scalar('score', 1.0, 1)\nevents.close()\n"
    code += "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=ROOT)

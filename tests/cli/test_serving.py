"""`serve` from the command line: without a model at first, and to its end by whatever signal asks for it."""

import re
import signal
import time
import urllib.error
import urllib.request

import pytest

SECONDS = 60


def ask(url):
    """Returns what is at an address, None where that is refused."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError:
        return None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_server_that_is_told_to_stop_ends_well(start, end, tmp_path, number):
    (tmp_path / "models.config").touch()
    process = start(tmp_path, "serve", "--model_config_file=models.config", "--port", 0, "--grpc_port", 0)
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[-1] == "Serving; Ctrl-C stops.\n", lines
    process.send_signal(number)
    ended = end(process)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_models_that_a_polled_file_names_later_are_served(start, end, tiny, tmp_path):
    tiny.export_once(tmp_path)
    file = tmp_path / "models.config"
    file.touch()
    options = ("--model_config_file=models.config", "--model_config_file_poll_wait_seconds=0.1")
    process = start(tmp_path, "serve", *options, "--port", 0, "--grpc_port", 0)
    line = next(line for line in iter(process.stdout.readline, "") if "a page" in line)
    url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    assert ask(f"{url}/v1/models/agent") is None and ask(f"{url}/readyz")
    where = next(tmp_path.rglob("saved_model.pb")).parents[1]
    entry = f'config {{ name: "agent" base_path: "{where}" model_type: TENSORFLOW }}'
    file.write_text(f"model_config_list {{ {entry} }}")
    end_of_wait = time.monotonic() + SECONDS
    while b"AVAILABLE" not in (ask(f"{url}/v1/models/agent") or b""):
        assert time.monotonic() < end_of_wait
        time.sleep(0.1)
    process.terminate()
    assert end(process).returncode == 0

import os
from pathlib import Path

import keras
import pytest

from xdrl.backends import BACKENDS, choose_backend, load_backend
from xdrl.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_backend_is_the_one_that_keras_runs_on():
    assert load_backend().__name__ == "xdrl.backends.tensorflow"


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_has_a_file_of_what_it_needs(name: str):
    assert name in (ROOT / BACKENDS[name]).read_text()


def test_a_backend_without_a_package_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(UserError, match="expected Keras to run on tensorflow or jax, got torch"):
        load_backend()


def test_what_is_asked_for_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert choose_backend("tensorflow") == "tensorflow" == os.environ["KERAS_BACKEND"]
    monkeypatch.delenv("KERAS_BACKEND")
    assert choose_backend() == "tensorflow" == os.environ["KERAS_BACKEND"]


def test_a_backend_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match="expected a backend of tensorflow, jax, got 'torch'"):
        choose_backend("torch")
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UserError, match="got 'theano'"):
        choose_backend()


def test_a_backend_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # this environment has both
    with pytest.raises(UserError, match=r"expected jax .*not installed; requirements-jax\.txt names it"):
        choose_backend("jax")


def test_keras_changes_its_backend_no_more_once_it_has_begun(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError, match="expected Keras to run on tensorflow, but it has begun with jax"):
        choose_backend()

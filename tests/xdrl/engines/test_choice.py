import importlib.util

import pytest

from xdrl.engines.choice import choose_engine
from xdrl.errors import UserError


@pytest.mark.parametrize(
    ("name", "address", "message"),
    [
        ("tea", None, "expected an engine of threads, ray, got 'tea'"),
        ("threads", "10.0.0.1:6379", "expected --engine ray with --ray-address 10.0.0.1:6379, got threads"),
    ],
)
def test_an_engine_that_is_none_is_refused(name: str, address: str | None, message: str):
    with pytest.raises(UserError, match=message):
        choose_engine(name, address)


def test_ray_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"not installed; requirements-ray\.txt names it"):
        choose_engine("ray")
    choose_engine("threads")

"""The piece of a game that an export brings along for the server's page: of a fresh export, and of those shipped."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from serving.showing import SHOWN_STEPS
from xdrl.games import find_game
from xdrl.storage.saved_models import read_agent_json

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.parent for path in ROOT.glob("saved_models/*/*/saved_model.pb"))
MAX_BYTES = 150_000


@pytest.mark.parametrize("version", ["exported", *SHIPPED], ids=str)
def test_an_export_brings_a_piece_of_a_game(version: str | Path, tiny, request: pytest.FixtureRequest):
    folder = request.getfixturevalue("exported") if version == "exported" else version
    path, described = folder / "assets.extra" / "game.json", read_agent_json(folder)
    assert path.stat().st_size < MAX_BYTES
    told = json.loads(path.read_text("utf-8"))
    assert set(told) - {"begins"} == {"screens", "count", "state_h", "state_c", "action_labels", "background"}
    game = find_game(described["game"])
    assert told["action_labels"] == [game.label(name) for name in described["network"]["action_names"]]
    screens = tiny.decode(base64.b64decode(told["screens"])).reshape(-1, 210, 160, 3)
    assert len(screens) == told["count"] == SHOWN_STEPS
    assert (np.abs(np.diff(screens.astype(int), axis=0)).max((1, 2, 3)) > 0).mean() > 0.5, "things move"
    background = tiny.decode(base64.b64decode(told["background"]))
    assert (screens == background).all(-1).mean() > 0.9, "and most stands still"
    for name in ("state_h", "state_c"):
        assert np.array(told[name], np.float32).shape == (described["core_size"],) and np.any(told[name])

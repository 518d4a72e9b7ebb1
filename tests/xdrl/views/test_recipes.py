import io

from rich.console import Console

from xdrl.config import TrainingConfig
from xdrl.games import GAMES
from xdrl.storage.histories import describe_call
from xdrl.views.recipes import recipe_view


def drawn(*arguments: object) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(recipe_view(*arguments))  # type: ignore[arg-type]
    return console.export_text()


def test_a_recipe_shows_its_numbers_and_how_they_change():
    text = drawn("Qbert", GAMES["Qbert"].recipe)
    for part in ("10,000,000 (40,000,000 frames)", "0.0005 at 0%, 0.0002 at 10%, 0 at 100%", "rollout_length", "0.99"):
        assert part in text
    assert "num_workers" not in text and max(map(len, text.splitlines())) <= 80


def test_a_run_shows_all_settings_and_the_calls_that_made_it():
    text = drawn("Pong", TrainingConfig("Pong", seed=5), (describe_call(["train", "Pong", "--seed", "5"], 1_000),))
    assert "num_workers" in text and "from 1,000 agent steps on" in text
    assert "python cli.py train Pong --seed 5" in text.replace("\n", "")

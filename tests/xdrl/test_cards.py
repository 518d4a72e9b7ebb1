import json
from pathlib import Path

import pytest

from xdrl.cards import BEGIN, END, Card, model_card, put_into, read_card, readme_table, results_page
from xdrl.config import TrainingConfig, recipe_to_json

CALL = {
    "agent_steps": 0,
    "command": "python cli.py train Pong",
    "commit": "abc123",
    "date": "2026-11-26",
    "machine": "Some processor, 2 cores",
    "versions": "keras 3",
}
RECORD = {
    "agent_steps": 3_000_240,
    "num_episodes": 100,
    "mean": 20.5,
    "standard_error": 0.125,
    "best_mean_100": 20.5,
    "best_score": 21.0,
}
CLAIMS = [
    {
        "claim": "grad-cam: points at moving objects",
        "verdict": "yes",
        "figure": 0.31,
    },
    {
        "claim": "grad-cam: marks the kind shot more than the kind player",
        "verdict": "yes",
        "figure": 5.9,
    },
    {"claim": "grad-cam: marks what the value uses", "verdict": "no", "figure": None},
]


def make_card(**changes: object) -> Card:
    values = {
        "game": "Pong",
        "network": {"kind": "e-a3c"},
        "training": {
            "agent_steps": 3_000_240,
            "seconds": 3700.0,
            "configuration": recipe_to_json(TrainingConfig("Pong", seed=7)),
            "history": [CALL],
        },
        "evaluations": {"sticky": RECORD | {"mean": 16.0}, "standard": RECORD},
        "claims": CLAIMS,
    }
    return Card(Path("saved_models/Pong/3"), values | changes)


def test_the_card_says_how_the_agent_was_made_plays_and_can_be_trusted():
    text = model_card(make_card())
    for part in (
        "# Pong/3: an agent that plays Pong",
        "3,000,240 agent steps (12,000,960 frames), 1 h 2 min",
        "seed 7",
        "`python cli.py train Pong`, from nothing: commit abc123, Some processor, 2 cores, 2026-11-26",
        "| Pong/3 | standard | 100 | 20.50 ± 0.12 | 20.50 | 21 | 21.00 ± 0.00 |",
        "**Holds:** grad-cam: points at moving objects (0.31); ",
        "grad-cam: marks the kind shot more than the kind player (5.90).",
        "**Does not hold:** grad-cam: marks what the value uses.",
    ):
        assert part in text
    assert text.index("| standard |") < text.index("| sticky |")


def test_the_card_says_what_is_known_of_each_method_or_how_to_find_out():
    assert "Methods not compared: `python cli.py trust Pong --methods all --keep` does." in model_card(make_card())
    words = {"blur": "On this agent blur marks what the policy needs.", "sarfa": "On this agent sarfa is not shown."}
    text = model_card(make_card(league={"words": words}))
    assert all(f"\n\n{sentence}\n" in text for sentence in words.values()) and "not compared" not in text


def test_what_an_older_agent_does_not_say_is_said_to_be_missing():
    training = {"agent_steps": 40, "seconds": 90.0}
    older = make_card(training=training, evaluations={}, claims=[], game="Breakout")
    text = model_card(older)
    assert "seed not recorded" in text and "Command, commit and machine: not recorded" in text
    assert "`python cli.py trust Breakout` tests it" in text and "recipe --agent" not in text
    assert "| Breakout | - | - | - | 0.0 M |" in readme_table([older])


def test_the_page_has_every_agent_and_its_curve():
    page = results_page([make_card(), make_card(game="Qbert")], {"Pong": "curves/Pong.png"})
    assert page.index("## Pong/3") < page.index("![Learning curve of Pong](curves/Pong.png)") < page.index("## Qbert/3")
    assert page.count("![") == 1


def test_the_readmes_table_says_where_fewer_games_were_played():
    card = make_card(evaluations={"standard": RECORD | {"num_episodes": 20}, "sticky": RECORD | {"mean": 16.0}})
    assert "| Pong | 20.50 ± 0.12 (20 games) | 16.00 ± 0.12 | 21.00 ± 0.00 | 3.0 M |" in readme_table([card])


def test_the_readmes_table_stands_between_its_lines():
    table = readme_table([make_card()])
    text = put_into(f"before\n{BEGIN}\nold\n{END}\nafter\n", table)
    assert text == f"before\n{BEGIN}\n\n{table}\n{END}\nafter\n"
    assert put_into(text, table) == text
    assert "| Pong | 20.50 ± 0.12 | 16.00 ± 0.12 | 21.00 ± 0.00 | 3.0 M |" in text
    with pytest.raises(ValueError, match="expected the lines"):
        put_into("no lines", table)


def test_a_card_is_read_from_the_folder(tmp_path: Path):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "agent.json").write_text(json.dumps(make_card().values))
    card = read_card(tmp_path)
    assert (card.game, card.name, set(card.evaluations)) == ("Pong", f"Pong/{tmp_path.name}", {"standard", "sticky"})

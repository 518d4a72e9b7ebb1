import ale_py
import gymnasium
import pytest
from ale_py import roms

from xdrl.environments import action_names
from xdrl.errors import UserError
from xdrl.games import GAMES, MAX_FRAMES, MULTIPLAYER_ROMS, Crop, Game, find_game
from xdrl.recipes import Recipe


@pytest.mark.parametrize("spelling", ["DemonAttack", "demon_attack", "demonattack", "DEMON-ATTACK", "Demon Attack"])
def test_every_spelling_finds_the_same_game(spelling: str):
    assert find_game(spelling) is GAMES["DemonAttack"]


@pytest.mark.parametrize(
    "name",
    [
        *("ALE/DemonAttack-v5", "ale/demonattack-V5", "ALE/DemonAttack", "ALE/demon_attack"),
        *("DemonAttackNoFrameskip-v4", "DemonAttackDeterministic-v4", "DemonAttack-v0"),
    ],
)
def test_a_game_is_found_as_gymnasium_writes_it(name: str):
    assert find_game(name) is GAMES["DemonAttack"]


def test_every_name_of_gymnasium_that_is_of_screens_is_found():
    gymnasium.register_envs(ale_py)
    found = [spec for spec in gymnasium.registry.values() if str(spec.entry_point).startswith("ale_py")]
    roms_of_names = {spec.id: spec.kwargs["game"] for spec in found if spec.kwargs.get("obs_type", "rgb") == "rgb"}
    assert {"ALE/Breakout-v5", "BreakoutNoFrameskip-v4"} <= roms_of_names.keys()
    alone = {name: rom for name, rom in roms_of_names.items() if rom not in MULTIPLAYER_ROMS}
    assert {name: find_game(name).rom for name in alone} == alone


@pytest.mark.parametrize("name", ["ALE/", "-v5", "ALE/-v5", "", "Gym/Pong-v5", "Pong-v", "Pong-ram-v4"])
def test_a_name_that_gymnasium_would_not_write_is_refused(name: str):
    with pytest.raises(UserError, match="expected the name of an Atari game"):
        find_game(name)


def test_the_games_are_the_papers_six_with_roms_that_are_shipped():
    assert set(GAMES) == {"DemonAttack", "SpaceInvaders", "BeamRider", "Phoenix", "Pong", "Qbert"}
    assert {game.rom for game in GAMES.values()} <= set(roms.get_all_rom_ids())
    assert all(find_game(game.rom) is game for game in GAMES.values())


def test_a_row_holds_what_is_known_of_the_game():
    crops = {name: (game.crop.top, game.crop.bottom) for name, game in GAMES.items()}
    assert crops == {
        "DemonAttack": (34, 194),
        "SpaceInvaders": (8, 196),
        "BeamRider": (20, 180),
        "Phoenix": (34, 194),
        "Pong": (34, 194),
        "Qbert": (12, 200),
    }
    lambdas = {name: game.recipe.gae_lambda for name, game in GAMES.items()}
    assert lambdas["DemonAttack"] == lambdas["Phoenix"] == 0.70
    assert lambdas["Pong"] == 0.85
    assert lambdas["BeamRider"] == lambdas["SpaceInvaders"] == 0.95
    assert GAMES["Qbert"].recipe.rollout_length == 40
    budgets = {name: game.recipe.agent_steps for name, game in GAMES.items()}
    assert budgets.pop("Pong") == 3_000_000 and set(budgets.values()) == {10_000_000}


def test_the_papers_protocols_differ_where_they_are_known_to():
    beam_rider, space_invaders = GAMES["BeamRider"].paper_protocol, GAMES["SpaceInvaders"].paper_protocol
    assert (beam_rider.frame_skip, beam_rider.sticky_probability, beam_rider.max_steps) == ((2, 4), 0.25, 10_000)
    assert (space_invaders.frame_skip, space_invaders.sticky_probability) == (3, 0.0)
    assert space_invaders.max_frames == 300_000
    assert GAMES["Qbert"].paper_protocol.max_frames == MAX_FRAMES == 108_000


def test_any_other_game_of_the_emulator_works_with_defaults():
    game = find_game("ms_pacman")
    assert (game.name, game.rom) == ("MsPacman", "ms_pacman")
    assert (game.crop, game.recipe, game.paper_scores) == (Crop(34, 194), Recipe(), None)


def test_an_unknown_game_gets_the_nearest_names():
    with pytest.raises(UserError, match=r"got 'Qbrt'; the nearest are .*Qbert"):
        find_game("Qbrt")


def test_a_name_like_no_game_gets_the_command_that_lists_them():
    with pytest.raises(UserError, match="try `games`"):
        find_game("7777")


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_what_actions_mean_is_said_of_actions_that_the_game_has(game: Game):
    assert set(dict(game.meanings)) <= set(action_names(game))
    assert [game.label(name) for name in ("NOOP", *dict(game.meanings))] == [
        "NOOP",
        *(f"{name} ({meaning})" for name, meaning in game.meanings),
    ]


def test_right_is_up_in_pong():
    assert find_game("Pong").label("RIGHT") == "RIGHT (up)" and find_game("Breakout").label("RIGHT") == "RIGHT"

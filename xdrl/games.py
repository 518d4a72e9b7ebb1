"""One row per game: the ROM, the crop, the recipe that differs, and what the paper reports."""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from xdrl.errors import UserError
from xdrl.recipes import Recipe
from xdrl.schedules import constant, linear

MAX_FRAMES = 108_000
"""Frames in 30 minutes at 60 frames a second, the usual length of an Atari evaluation game."""


GYMNASIUM_NAME = re.compile(r"(?:ALE/)?(.+?)(?:(?:NoFrameskip|Deterministic)?-v\d+)?", re.IGNORECASE)
"""`ALE/Breakout-v5`, `BreakoutNoFrameskip-v4`, `BreakoutDeterministic-v4`, `Breakout-v0`, or the name alone."""
ALL_ACTIONS = (
    "NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT", "UPFIRE", "RIGHTFIRE",
    "LEFTFIRE", "DOWNFIRE", "UPRIGHTFIRE", "UPLEFTFIRE", "DOWNRIGHTFIRE", "DOWNLEFTFIRE",
)  # fmt: skip
"""What a joystick with one button can do, in the emulator's order; a game has all of them or a part."""
MULTIPLAYER_ROMS = ("combat", "joust", "maze_craze", "warlords")
"""ROMs in ale-py that the emulator plays with several players only: it ends the process when asked for one."""


@dataclass(frozen=True)
class Crop:
    """The rows of the 210 x 160 screen that the agent sees; it sees every column.

    Attributes:
        top: first row, in pixels.
        bottom: the row after the last, in pixels.
    """

    top: int
    bottom: int


@dataclass(frozen=True)
class Protocol:
    """How a game is played: what stands between an agent's action and the emulator.

    Attributes:
        frame_skip: frames an action is held for; (least, most) where it is drawn anew for every action.
        sticky_probability: chance that the emulator repeats the previous action instead (Machado et al. 2018).
        noop_max: a game starts after 0 to this many no-ops.
        fire_on_start: whether FIRE is pressed when a game starts, where the game has that button.
        max_frames: a game is truncated after this many frames.
        max_steps: a game is truncated after this many agent steps; None where frames alone decide.
        lives_begin_anew: whether a new life begins as a game does, and the agent forgets the one before, as under the
            wrappers of other libraries.
        emulator_skip: frames that the environment below those wrappers skips by itself; a frame is then so many.
    """

    frame_skip: int | tuple[int, int] = 4
    sticky_probability: float = 0.0
    noop_max: int = 30
    fire_on_start: bool = True
    max_frames: int = MAX_FRAMES
    max_steps: int | None = None
    lives_begin_anew: bool = False
    emulator_skip: int = 1


@dataclass(frozen=True)
class PaperScores:
    """A row of Table I of Joo & Kim 2019.

    Attributes:
        a3c_lstm: score of A3C-LSTM, which the paper takes from Mnih et al. 2016 (human starts).
        best_mean: E-A3C's best mean over 100 consecutive episodes.
        standard_error: of that mean.
        best_score: E-A3C's best episode.
    """

    a3c_lstm: float
    best_mean: float
    standard_error: float
    best_score: float


@dataclass(frozen=True)
class Game:
    """A game and what is particular to it.

    Attributes:
        name: CamelCase, as in the paper and in folder names.
        rom: name of the ROM in ale-py.
        crop: what the agent sees of the screen.
        recipe: how this game is learned best, as far as it is known.
        paper_scores: the row of Table I; None for a game that the paper does not have.
        paper_protocol: how the paper's figure was most probably measured.
        meanings: pairs of an action and what it does, where its name does not say that.
        has_all_actions: whether it is played with all 18 actions, those too that do in it what others do.
    """

    name: str
    rom: str
    crop: Crop = Crop(34, 194)
    recipe: Recipe = Recipe()
    paper_scores: PaperScores | None = None
    paper_protocol: Protocol = Protocol()
    meanings: tuple[tuple[str, str], ...] = ()
    has_all_actions: bool = False

    def label(self, action_name: str) -> str:
        """Returns an action's name with what it does, such as `RIGHT (up)`."""
        meaning = dict(self.meanings).get(action_name)
        return f"{action_name} ({meaning})" if meaning else action_name


def _half_sticky(**changes: Any) -> Recipe:
    """Returns a recipe in which half of the games have sticky actions.

    Without them an agent learns the emulator's determinism: Pong then loses most of its points where they stick. With
    them in half of the games it learns as fast (docs/learning.md).
    """
    return Recipe(sticky_probability=0.25, sticky_share=0.5, **changes)


QBERT = _half_sticky(
    gae_lambda=0.9,
    rollout_length=40,
    learning_rate=linear((0, 5e-4), (0.1, 2e-4), (1, 0)),
    entropy_cost=linear((0, 0.003), (1, 0.001)),
    value_cost=constant(0.1),
)
"""docs/learning.md tells how it was found."""

# Three rows of Table I equal published results of a public A3C whose gym versions are known; for the others the
# paper's protocol is unknown and the standard one stands in. SpaceInvaders' 164766.0 is a slip of the paper
# (Star Gunner's row); Mnih et al. 2016, Table S3, has 23846.0.
GAMES: dict[str, Game] = {
    game.name: game
    for game in (
        Game(
            "DemonAttack",
            "demon_attack",
            Crop(34, 194),
            _half_sticky(gae_lambda=0.70),
            PaperScores(115201.9, 36277.0, 821.71, 125307.0),
        ),
        Game(
            "SpaceInvaders",
            "space_invaders",
            Crop(8, 196),
            _half_sticky(),
            PaperScores(23846.0, 79060.1, 5826.59, 168337.0),
            Protocol(frame_skip=3, max_frames=300_000),
        ),
        Game(
            "BeamRider",
            "beam_rider",
            Crop(20, 180),
            _half_sticky(),
            PaperScores(24622.2, 8441.22, 221.24, 52117.0),
            Protocol(frame_skip=(2, 4), sticky_probability=0.25, noop_max=0, fire_on_start=False, max_steps=10_000),
            meanings=(("UP", "torpedo"),),
        ),
        Game(
            "Phoenix",
            "phoenix",
            Crop(34, 194),
            _half_sticky(gae_lambda=0.70),
            PaperScores(74786.7, 65150.0, 1442.07, 75127.2),
            meanings=(("DOWN", "shield"),),
        ),
        Game(
            "Pong",
            "pong",
            Crop(34, 194),
            _half_sticky(agent_steps=3_000_000, gae_lambda=0.85),
            PaperScores(10.7, 21.0, 0.0, 21.0),
            meanings=(("RIGHT", "up"), ("LEFT", "down"), ("RIGHTFIRE", "up"), ("LEFTFIRE", "down")),
        ),
        Game(
            "Qbert",
            "qbert",
            Crop(12, 200),
            QBERT,
            PaperScores(21307.5, 21182.25, 276.12, 27800.5),
            meanings=(("UP", "up-right"), ("RIGHT", "down-right"), ("LEFT", "up-left"), ("DOWN", "down-left")),
        ),
    )
}


def find_game(name: str) -> Game:
    """Finds a game by any spelling: `DemonAttack`, `demon_attack`, or Gymnasium's `ALE/DemonAttack-v5`.

    Of Gymnasium's names the game alone counts: a protocol says how it is played, not the name.

    Args:
        name: one of the paper's games, or any other game whose ROM ale-py ships; capitals do not matter.

    Returns:
        The game's row; for a game without one, a row of defaults.

    Raises:
        UserError: ale-py has no such game, and the message gives the nearest names; or it needs several players.
    """
    from ale_py import roms

    known = {_key(rom): GAMES.get(_camel_case(rom), Game(_camel_case(rom), rom)) for rom in roms.get_all_rom_ids()}
    key = _key(name)
    if key in known and known[key].rom in MULTIPLAYER_ROMS:
        raise UserError(f"expected a game that one can play alone, got {known[key].name}")
    if key in known:
        return known[key]
    nearest = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"the nearest are {', '.join(known[match].name for match in nearest)}" if nearest else "try `games`"
    raise UserError(f"expected the name of an Atari game such as Qbert, got {name!r}; {hint}")


def _key(name: str) -> str:
    found = GYMNASIUM_NAME.fullmatch(name)
    return (found[1] if found else name).replace("_", "").replace("-", "").replace(" ", "").lower()


def _camel_case(rom: str) -> str:
    return "".join(word.capitalize() for word in rom.split("_"))

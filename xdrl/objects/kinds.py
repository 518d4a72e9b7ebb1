"""What is known of the objects of each game: where the field is, what belongs to it, and what kind an object is."""

from dataclasses import dataclass, replace

from xdrl.games import Game

PLAYER, ENEMY, SHOT, OBJECT = "player", "enemy", "shot", "object"
KINDS = (PLAYER, ENEMY, SHOT, OBJECT)
SCREEN_ROWS = 210

Colour = tuple[int, int, int]
"""Red, green and blue, as the emulator paints them."""


@dataclass(frozen=True)
class Rule:
    """What an object must be like to be of a kind; all that is given must hold.

    Attributes:
        kind: of `KINDS`; None where it is no object at all.
        colours: that at least half of its pixels have; () for any.
        top, bottom: rows of the screen between which its middle lies.
        max_width: of its box, in pixels.
    """

    kind: str | None
    colours: tuple[Colour, ...] = ()
    top: int = 0
    bottom: int = SCREEN_ROWS
    max_width: int = 160


@dataclass(frozen=True)
class Field:
    """Where a game is played, and its objects.

    Attributes:
        top, bottom: rows of the field; scores and lives lie outside.
        ground: colour of the empty field: a pixel that ever has it has it as its background, even where something
            stood on it for most of the episode. None takes the median as it is.
        scenery: colours that are never an object's: beams, shields, cubes, digits within the field.
        apart: colours whose objects are never one with what they touch: balls, lasers.
        still_steps: what stays as it is for so many agent steps has become background; 0 where nothing does.
        rules: the first that holds gives the kind.
        otherwise: the kind where none holds; None where that is no object.
        names: pairs of a kind and what it is called in this game, where that is another word.
    """

    top: int = 0
    bottom: int = SCREEN_ROWS
    ground: Colour | None = None
    scenery: tuple[Colour, ...] = ()
    apart: tuple[Colour, ...] = ()
    still_steps: int = 0
    rules: tuple[Rule, ...] = ()
    otherwise: str | None = OBJECT
    names: tuple[tuple[str, str], ...] = ()

    def name(self, kind: str) -> str:
        """Returns what a kind is called in this game, such as `ball`."""
        return dict(self.names).get(kind, kind)

    def mixed(self, colours: tuple[Colour, ...]) -> tuple[Colour, ...]:
        """Adds to colours what they become on the ground and the scenery.

        The emulator hands out the brighter of two frames, channel by channel: where something moved, a pixel may be
        a mixture of its colour and of what was behind it.
        """
        behind = self.scenery if self.ground is None else (self.ground, *self.scenery)
        mixtures = {(max(r, red), max(g, green), max(b, blue)) for r, g, b in colours for red, green, blue in behind}
        return (*colours, *sorted(mixtures - set(behind)))


_BLACK, _BROWN, _WHITE, _GREY = (0, 0, 0), (144, 72, 17), (236, 236, 236), (142, 142, 142)
_ORANGE, _PURPLE, _GREEN, _YELLOW = (181, 83, 40), (146, 70, 192), (50, 132, 50), (210, 210, 64)
_LASERS = ((198, 108, 58), (164, 89, 208), (184, 70, 162))

FIELDS: dict[str, Field] = {
    "DemonAttack": Field(
        bottom=188,
        ground=_BLACK,
        rules=(
            Rule(SHOT, max_width=2),
            Rule(SHOT, ((252, 144, 144), (212, 140, 252)), max_width=14),
            Rule(PLAYER, top=172),
        ),
        otherwise=ENEMY,
    ),
    "SpaceInvaders": Field(
        bottom=195,
        ground=_BLACK,
        scenery=(_ORANGE, (162, 134, 56)),  # the shields; the lives that are left, and the second player's score
        apart=(_GREY,),
        rules=(
            Rule(ENEMY, ((151, 25, 122),), bottom=24),  # the command ship passes where the scores stand
            Rule(SHOT, (_GREY,)),
            Rule(None, bottom=24),
            Rule(PLAYER, (_GREEN,), top=180),
        ),
        otherwise=ENEMY,
    ),
    "BeamRider": Field(
        top=43,
        ground=_BLACK,
        scenery=((45, 109, 152),),
        apart=_LASERS,
        rules=(Rule(SHOT, _LASERS), Rule(PLAYER, top=160)),
        otherwise=ENEMY,
    ),
    "Phoenix": Field(
        bottom=188,
        ground=_BLACK,
        rules=(Rule(SHOT, max_width=2), Rule(PLAYER, top=164)),
        otherwise=ENEMY,
    ),
    "Pong": Field(
        ground=_BROWN,
        apart=(_WHITE,),
        rules=(Rule(SHOT, (_WHITE,)), Rule(PLAYER, ((92, 186, 92),)), Rule(ENEMY, ((213, 130, 74),))),
        names=((SHOT, "ball"),),
    ),
    "Qbert": Field(
        scenery=((84, 184, 153), (45, 87, 176), _YELLOW),  # sides and tops of the first cubes, and the score
        still_steps=100,
        rules=(Rule(PLAYER, (_ORANGE,)), Rule(ENEMY, (_PURPLE, _GREEN))),
        otherwise=None,  # later cubes, and the discs: they change their colour where they are
    ),
}
"""One row a game; any other game's objects are all of the kind `object`."""


def field_of(game: Game) -> Field:
    """Returns what is known of a game's objects, within the rows that its agents see."""
    known = FIELDS.get(game.name, Field())
    top, bottom = max(known.top, game.crop.top), min(known.bottom, game.crop.bottom)
    return replace(known, top=top, bottom=bottom)

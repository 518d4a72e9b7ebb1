"""A game in one call: played, explained, and shown as a moving picture, a report, a video or arrays."""

import functools
import html
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xdrl.agent_finder import find_agent
from xdrl.agents import Agent, Explanation
from xdrl.environments import find_protocol
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.explainers import find_method
from xdrl.explanations.episodes import ExplainedEpisode, explain_episode, explanation_record
from xdrl.explanations.pictures import clip_frames, paired_frames, video_frames
from xdrl.explanations.strengths import say_share
from xdrl.games import find_game
from xdrl.memories import select
from xdrl.notebooks.drawing import data_url, draw_card, draw_picture
from xdrl.pictures.frames import write_gif, write_video
from xdrl.report import build_report
from xdrl.report.claims import find_claims
from xdrl.storage.files import write_bytes
from xdrl.targets import parse_target

REPORT_HEIGHT, CLIP_WIDTH, VIDEO_WIDTH = 960, 640, 960
"""Pixels of the notebook's page."""


@dataclass(frozen=True)
class ShownFile:
    """A file that a notebook shows and `save` writes.

    Attributes:
        contents: of the file.
        shown: HTML that shows it.
    """

    contents: bytes
    shown: str

    def save(self, path: str | Path) -> None:
        """Writes the file, the folders on the way included.

        Raises:
            UserError: it could not be written.
        """
        write_bytes(Path(path), self.contents)

    def __repr__(self) -> str:
        """Says how large it is."""
        return f"<ShownFile of {len(self.contents):,} bytes: a notebook shows it, .save(path) writes it>"

    def _repr_html_(self) -> str:
        return self.shown


@dataclass(frozen=True)
class PlayedGame:
    """A game, or its first steps, that an agent has played and that is explained.

    Attributes:
        agent: that played.
        episode: what happened, as `recording`; its maps, as `explanation`; how bright they are drawn, as `heatmaps`.
        call: that made it.
    """

    agent: Agent
    episode: ExplainedEpisode
    call: str

    @functools.cached_property
    def frames(self) -> np.ndarray:
        """The game, and right of it the same screen under its heatmap: uint8 [S, 210, 320, 3]."""
        return np.stack(list(paired_frames(self.episode, range(len(self.episode.recording.screens)), 1)))

    def explain(self, step: int, target: str = "contrast", method: str | None = None) -> Explanation:
        """Asks something else about one of the steps, such as why not another action.

        Args:
            step: from 0.
            target: as in `Agent.explain`; `contrast:RIGHT` asks why not RIGHT.
            method: None takes the game's.

        Raises:
            UserError: there is no such step, target or method.
        """
        recording = self.episode.recording
        if not 0 <= step < len(recording.actions):
            raise UserError(f"expected a step of 0 to {len(recording.actions) - 1}, got {step}")
        part = slice(step, step + 1)
        state = select(recording.state, part)
        return self.agent.explain(
            recording.screens[part], state, target, method or self.episode.method, recording.actions[part]
        )

    def report(self) -> ShownFile:
        """Makes the page of the game, to scrub through, with every target: what `explain` on the command line writes.

        Raises:
            UserError: the agent answers in numbers that are not finite.
        """
        episode = self.episode

        def write(path: Path) -> None:
            build_report(
                self.agent,
                episode.recording,
                episode.flips,
                path,
                method=episode.method,
                target=episode.target,
                facts=[("Call", self.call)],
                claims=find_claims(self.agent) or list(self.agent.provenance.claims) or None,
            )

        page = _written("report.html", write)
        style = f"width:100%;height:{REPORT_HEIGHT}px;border:1px solid #8888;border-radius:6px"
        title = html.escape(f"{self.agent.game.name}, step by step")
        return ShownFile(
            page, f'<iframe srcdoc="{html.escape(page.decode())}" style="{style}" title="{title}"></iframe>'
        )

    def video(self) -> ShownFile:
        """Encodes the video of the game, at the game's own speed: what `explain` on the command line writes."""
        video = _written("video.mp4", lambda path: write_video(path, video_frames(self.agent, self.episode)))
        style = f"width:{VIDEO_WIDTH}px;max-width:100%"
        shown = f'<video controls loop playsinline src="{data_url(video, "video/mp4")}" style="{style}"></video>'
        return ShownFile(video, shown)

    def __repr__(self) -> str:
        """Says who played what, and how it went."""
        return f"<PlayedGame: {self._sentence()} {self.agent!r}>"

    def _repr_html_(self) -> str:
        clip, words = io.BytesIO(), "The game, and beside it the same screen under its heatmap"
        write_gif(clip, clip_frames(self.episode, 1))
        picture = draw_picture(clip.getvalue(), "image/gif", words, CLIP_WIDTH)
        record = explanation_record(self.agent, self.episode)
        faint = f"{say_share(record['share_weak'])} of the maps are weak, {say_share(record['share_blank'])} blank."
        about = f"Right: the game under its heatmap ({self.episode.target} by {self.episode.method}). {faint}"
        more = "More of it: .report(), .video(), .frames, and .explain(step, 'contrast:ACTION'), which asks why not."
        return draw_card(self._sentence(), [picture, f"<div>{html.escape(about)}</div>"], more)

    def _sentence(self) -> str:
        recording = self.episode.recording
        ending = "" if recording.is_over else ", where it was cut"
        score, steps = float(recording.rewards.sum()), len(recording.actions)
        return f"{self.agent.game.name}: {score:g} points in {steps:,} agent steps{ending}."


def play(
    game: str | None = None,
    steps: int = 300,
    *,
    agent: Agent | str | Path | None = None,
    target: str = "chosen",
    method: str = "grad-cam",
    protocol: str = "standard",
    greedy: bool = False,
    seed: int = 0,
) -> PlayedGame:
    """Plays a game and explains every step of it.

    Args:
        game: its name; None where the agent says it, or for any.
        steps: agent steps that are kept at most; one takes 100 kB.
        agent: that plays, or where it is; None takes the one that the commands take.
        target: what the maps are about, as in `Agent.explain`.
        method: of `xdrl.explainers.METHODS`.
        protocol: `standard`, `sticky` or `paper`, as `evaluate` takes them.
        greedy: take the most probable action; else draw from the policy.
        seed: of the game and of the draws.

    Raises:
        UserError: there is no such game, agent, target, method or protocol, or they do not fit each other.

    Example:
        game = xdrl.play("Qbert", steps=60)
        game.report().save("qbert.html")
    """
    if steps < 1:
        raise UserError(f"expected at least one step, got {steps}")
    player = _find_player(game, agent)
    find_method(method).check(parse_target(target, player.action_names))
    recording = record_episode(player, find_protocol(protocol, player.game), steps, is_greedy=greedy, seed=seed)
    call = (
        f"xdrl.play({player.game.name!r}, steps={steps}, target={target!r}, method={method!r}, "
        f"protocol={protocol!r}, greedy={greedy}, seed={seed})"
    )
    return PlayedGame(player, explain_episode(player, recording, target, method), call)


def _find_player(game: str | None, agent: Agent | str | Path | None) -> Agent:
    if not isinstance(agent, Agent):
        return find_agent(game, None if agent is None else Path(agent))
    if game is not None and agent.game.name != find_game(game).name:
        raise UserError(f"expected an agent of {find_game(game).name}, got one of {agent.game.name}")
    return agent


def _written(name: str, write: Callable[[Path], None]) -> bytes:
    """Returns what goes into a file that is written, and the file is gone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()

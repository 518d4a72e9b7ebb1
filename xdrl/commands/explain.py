"""`explain`: a game, what at every step spoke for the action, and a report to scrub through it."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from xdrl.commands.console import console, errors
from xdrl.commands.loading import load_agents
from xdrl.commands.options import AgentOption, GreedyOption, OptionalGame, SeedOption
from xdrl.invocation import program
from xdrl.methods import DEFAULT

STEPS, STEPS_OF_SEVERAL = 2000, 120
"""Agent steps that are kept unless told otherwise: some methods are a hundred times as slow as Grad-CAM."""


def explain(
    game: OptionalGame = None,
    agent: AgentOption = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Agent steps that are kept at most.  [default: 2000, of several methods 120]"),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="What makes the map, see `methods`; several with commas, or all, to compare; best, best:action or "
            "best:policy for the one that is shown to answer on this agent."
        ),
    ] = DEFAULT,
    target: Annotated[str, typer.Option(help="chosen, value, action:UP, contrast or contrast:UP.")] = "chosen",
    replay: Annotated[
        int, typer.Option(min=0, help="With objects: take them away from so many screens before, too, such as 8.")
    ] = 0,
    greedy: GreedyOption = False,
    seed: SeedOption = 0,
    maps: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write the raw maps, too; numpy reads it.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder.  [default: explanations/GAME]")] = None,
) -> None:
    """Play a game and show what spoke for every action.

    Writes a report to scrub through in the browser, a video, pictures, and the figures as JSON.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.environments import find_protocol
    from xdrl.errors import UserError
    from xdrl.methods import BEST, OBJECTS, choose_methods
    from xdrl.targets import parse_target
    from xdrl.trust.known import read_question

    asked = find_agent_folder(game, agent)
    parsed = parse_target(target, asked.action_names)
    question = read_question(method, target) if method.partition(":")[0] == BEST else None
    methods, left_out = ([], []) if question else choose_methods(method, parsed)
    if replay and OBJECTS not in methods:
        raise UserError(f"expected --replay with --method objects, got {method}")
    (found,) = load_agents(asked)
    if question:
        methods = [_choose_best(found, question)]
    from xdrl.evaluation import record_episode
    from xdrl.explanations.files import write_explanation, write_maps

    folder = output or Path("explanations") / found.game.name
    with console.status("Playing ..."):
        rules = find_protocol(found.protocol_name, found.game)
        kept = steps or (STEPS if len(methods) == 1 else STEPS_OF_SEVERAL)
        recording = record_episode(found, rules, kept, is_greedy=greedy, seed=seed)
    first, *others = _explain(found, recording, target, methods, replay)
    with Progress(console=console) as bar:
        task = bar.add_task("Writing the video", total=len(recording.actions))
        record, failures = write_explanation(
            found, first, folder, others, lambda count: bar.update(task, completed=count)
        )
    if maps:
        write_maps(maps, recording.actions, [first, *others])
    notes = _write_report(found, first, others, folder / "report.html")
    ending = "" if record["is_over"] else ", where --steps cut it"
    _say_known(found, methods)
    console.print(f"Score {record['score']:g} after {record['steps']:,} agent steps{ending}.")
    for line in [*left_out, *notes, *failures]:
        errors.print(f"warning: {line}", style="yellow", soft_wrap=True, highlight=False)
    written = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    console.print(f"Written: {folder}: {', '.join(written)}", soft_wrap=True)
    console.print(f"Open {(folder / 'report.html').resolve().as_uri()}", soft_wrap=True)


def _choose_best(agent: Any, question: str) -> str:
    """Takes the method that is shown to answer a question on an agent, and says which and why."""
    from xdrl.report.known import find_known, finding_command
    from xdrl.trust.known import choose_best

    method, why = choose_best(find_known(agent), question, DEFAULT, finding_command(agent))
    console.print(why, soft_wrap=True, highlight=False)
    return method


def _say_known(agent: Any, methods: Sequence[str]) -> None:
    """Says what the agent's card knows of each method, or how to find out."""
    from xdrl.report.known import find_known, finding_command, say_known

    for line in say_known(find_known(agent), methods, finding_command(agent)):
        console.print(line, soft_wrap=True, highlight=False)


def _explain(agent: Any, recording: Any, target: str, methods: Sequence[str], replay: int) -> list[Any]:
    from xdrl.explanations.episodes import explain_episode

    episodes = []
    for number, method in enumerate(methods, 1):
        with console.status(f"Explaining, {method} ({number} of {len(methods)}) ..."):
            episodes.append(explain_episode(agent, recording, target, method, replay))
    return episodes


def _write_report(agent: Any, episode: Any, others: Sequence[Any], path: Path) -> list[str]:
    """Writes the report; returns what it warns of."""
    from xdrl.report import build_report
    from xdrl.report.claims import find_claims
    from xdrl.targets import CHOSEN

    objects = next((each.explanation.objects for each in (episode, *others) if each.explanation.objects), ())
    facts = [("Command", f"{program()} {shlex.join(sys.argv[1:])}")]
    with Progress(console=console) as bar:
        task = bar.add_task("Explaining every action for the report", total=None)
        return build_report(
            agent,
            episode.recording,
            episode.flips,
            path,
            method=episode.method,
            target=episode.target,
            others={other.method: [CHOSEN] for other in others},
            facts=facts,
            claims=find_claims(agent) or list(agent.provenance.claims) or None,
            on_target=lambda done, total: bar.update(task, completed=done, total=total),
            objects=objects,
        )

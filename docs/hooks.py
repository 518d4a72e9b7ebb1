"""What the site is made of at build time: a page for each command, from its `--help`, and the games of the gallery."""

import os
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
GALLERY = Path(os.environ.get("XDRL_GALLERY", ROOT / "build" / "gallery"))
"""Holds GAME/report.html, as `./run docs` has it made."""
COMMANDS_HERE, REPORTS_HERE = "<!-- commands -->", "<!-- reports -->"
NO_REPORTS = "No game was played for this build. `./run docs` plays them."


def on_config(config: Any) -> Any:
    """Adds the commands' pages to the navigation."""
    pages = next(entry["Commands"] for entry in config.nav if "Commands" in entry)
    pages[1:] = [{name: _page_of(name)} for name in _read_commands()]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds the commands' pages and the games' reports to the files."""
    for name, (_, page) in _read_commands().items():
        files.append(File.generated(config, _page_of(name), content=page))
    for path in _find_reports():
        files.append(File.generated(config, f"gallery/{path.parent.name}.html", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Puts the lists of commands and of games where their marks stand."""
    if COMMANDS_HERE in markdown:
        rows = [f"| [`{name}`]({name}.md) | {summary} |" for name, (summary, _) in _read_commands().items()]
        markdown = markdown.replace(COMMANDS_HERE, "\n".join(["| command | what it does |", "|---|---|", *rows]))
    if REPORTS_HERE in markdown:
        markdown = markdown.replace(REPORTS_HERE, "\n\n".join(map(_show, _find_reports())) or NO_REPORTS)
    return markdown


def _read_commands() -> dict[str, tuple[str, str]]:
    """Returns the first sentence and the page of every command, by name."""
    sys.path.insert(0, str(ROOT))
    import typer

    from xdrl.commands.app import app
    from xdrl.invocation import COMMAND

    found = {}
    for name, command in typer.main.get_command(app).commands.items():
        context = command.context_class(command, info_name=f"{COMMAND} {name}")
        about = command.help.strip()
        parts = [f"# {name}", about, f"```text\n{command.get_usage(context)}\n```"]
        records = {"argument": [], "option": []}
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record:
                records[parameter.param_type_name].append(record)
        parts += [_table(kind, rows) for kind, rows in records.items() if rows]
        found[name] = (" ".join(about.split("\n\n")[0].split()), "\n\n".join(parts) + "\n")
    return found


def _table(kind: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {kind} | |", "|---|---|"]
    for names, text in rows:
        lines.append(f"| `{_in_cell(names)}` | {_in_cell(text).replace('[', chr(92) + '[')} |")
    return "\n".join(lines)


def _in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _page_of(name: str) -> str:
    return f"commands/{name}.md"


def _find_reports() -> list[Path]:
    return sorted(GALLERY.glob("*/report.html"))


def _show(report: Path) -> str:
    game = report.parent.name
    address = f"gallery/{game}.html"
    return (
        f"## {game}\n\n"
        f'<iframe class="report" src="{address}" title="A game of {game}, step by step" loading="lazy"></iframe>\n\n'
        f'<a href="{address}">The report of {game} on a page of its own</a>'
    )

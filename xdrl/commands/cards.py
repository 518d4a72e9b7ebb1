"""`cards`: model cards, tables of the documentation and the README, from what the shipped agents say of themselves."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import quieten_matplotlib
from xdrl.errors import UserError

WHICH_METHOD = Path("concepts") / "which-method.md"
"""Of the documentation: its tables are written anew where it stands."""


def cards(
    docs: Annotated[Path, typer.Option(help="Folder of the pages that are written.")] = Path("docs"),
    readme: Annotated[Path, typer.Option(help="Its table is written anew.")] = Path("README.md"),
) -> None:
    """Write every shipped agent's model card and the tables of the documentation, so that none can disagree."""
    quieten_matplotlib()
    from xdrl.cards import model_card, put_into, read_card, readme_table, results_page
    from xdrl.league_page import league_tables
    from xdrl.pictures.curve_figure import save_curves
    from xdrl.pictures.curves import make_panels, read_curve
    from xdrl.storage.files import write_bytes
    from xdrl.storage.saved_models import PROGRESS_CSV, SAVED_MODELS, shipped_agents

    found = [read_card(version) for version in shipped_agents(SAVED_MODELS).values()]
    if not found:
        raise UserError(f"expected agents in {SAVED_MODELS}, found none; get one: export Pong --promote")
    curves = {}
    for card in found:
        if (card.version / PROGRESS_CSV).exists():
            curves[card.game] = f"curves/{card.game}.png"
            save_curves(docs / curves[card.game], make_panels([read_curve(card.version)]))
    texts = {card.version.parent / "README.md": model_card(card) for card in found}
    texts[docs / "results.md"] = results_page(found, curves)
    for page, table in ((readme, readme_table(found)), (docs / WHICH_METHOD, league_tables(found))):
        if page.exists():
            try:
                texts[page] = put_into(page.read_text("utf-8"), table)
            except ValueError as error:
                raise UserError(f"{page}: {error}") from error
    for path, text in texts.items():
        write_bytes(path, text.encode())
        console.print(f"Written: {path}")

"""Figures that matplotlib has drawn become PNG files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from xdrl.storage.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(path: Path, figure: "Figure") -> None:
    """Writes a figure as a PNG, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_bytes(path, picture.getvalue())

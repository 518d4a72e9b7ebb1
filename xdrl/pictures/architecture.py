"""Draws a network as the paper's Fig. 1 does: from a real screen to the action, and the gradient's way back."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import layers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from xdrl.agent_networks import AgentNetwork
from xdrl.pictures.figure_files import save_figure

WIDTH, HEIGHT, DOTS_PER_INCH = 14.6, 7.0, 110
_MIDDLE, _LEVEL = 4.75, 1.45
"""Heights of the way forward and of the way back."""
_FORWARD, _BACKWARD, _TEXT, _FAINT = "#0072B2", "#D55E00", "0.15", "0.45"
_FRONT, _SIDE, _EXPLAINED = "#DCE6F2", "#B9CCE4", "#F6D9C4"
_SKEW = 0.35
"""Of a block's depth, how far it reaches to the right and up."""


@dataclass(frozen=True)
class Block:
    """A layer, or a few that belong together, as one block of the drawing.

    Attributes:
        title: what it is.
        lines: the shape that comes out, and what else happens in it.
        size: height and depth of what comes out, in units of the drawing.
        is_explained: whether it is the feature map that Grad-CAM explains.
    """

    title: str
    lines: tuple[str, ...]
    size: tuple[float, float]
    is_explained: bool = False


@dataclass(frozen=True)
class Example:
    """A real decision, for the pictures beside the blocks.

    Attributes:
        screen: uint8 [210, 160, 3].
        observation: float32 [h, w], the newest screen of it.
        channels: float32 [C, h, w], a few channels of the feature map.
        heatmap: float32 [h, w] in [0, 1].
        overlay: uint8 [H, W, 3].
        action: that was chosen.
    """

    screen: np.ndarray
    observation: np.ndarray
    channels: np.ndarray
    heatmap: np.ndarray
    overlay: np.ndarray
    action: str


def network_blocks(network: AgentNetwork) -> list[Block]:
    """Reads the blocks of a network off its own layers: their kernels, strides and the shapes that come out."""
    blocks: list[Block] = []
    for layer in [*network.torso.layers, *network.readout.layers]:
        shape = tuple(layer.output.shape[1:])
        if isinstance(layer, layers.Conv2D):
            rows, columns = layer.kernel_size
            step = f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
            blocks.append(Block(f"conv {rows}×{columns}{step}", (_shape(shape),), _size(shape)))
        elif isinstance(layer, layers.MaxPooling2D):
            blocks[-1] = _extended(blocks[-1], f"max-pool {layer.pool_size[0]}", shape)
        elif isinstance(layer, layers.ReLU):
            blocks[-1] = _extended(blocks[-1], "ReLU", shape, layer.name == network.torso.layers[-1].name)
        elif isinstance(layer, layers.Dense):
            blocks.append(Block("dense", (_shape(shape), "ReLU"), _size(shape)))
    size = (network.core_size,)
    return [*blocks, Block("LSTM", (_shape(size),), _size(size))] if network.core_size else blocks


def draw_architecture(network: AgentNetwork, example: Example) -> Figure:
    """Draws the network's blocks from left to right, the decision above, and below how its heatmap comes to be."""
    figure = Figure((WIDTH, HEIGHT), dpi=DOTS_PER_INCH, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, HEIGHT)
    axes.set_axis_off()
    axes.set_aspect("equal")
    _title(axes, network)
    places = _draw_forward(axes, network, example)
    _draw_backward(axes, example, places)
    return figure


def save_architecture(path: Path, network: AgentNetwork, example: Example) -> None:
    """Writes the drawing as a PNG, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    save_figure(path, draw_architecture(network, example))


def _extended(block: Block, line: str, shape: tuple[int, ...], is_explained: bool = False) -> Block:
    """A block with one more thing that happens in it; a pool after the feature map is the readout's, and does not."""
    if block.is_explained:
        return dataclasses.replace(block, lines=(*block.lines, f"then {line}: {_shape(shape)}"))
    lines = (_shape(shape), *block.lines[1:], line)
    return Block(block.title, lines, _size(shape), is_explained)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} units"


def _size(shape: tuple[int, ...]) -> tuple[float, float]:
    """Drawn sizes grow with the root of the real ones, so that a map of 5 x 5 is still seen beside one of 40 x 40."""
    if len(shape) == 1:
        return 1.6, 0.12
    return 0.28 * shape[0] ** 0.5, 0.06 * shape[-1] ** 0.5


def _title(axes: Axes, network: AgentNetwork) -> None:
    count = sum(int(np.prod(weight.shape)) for weight in network.weights)
    text = f"{network.config.kind.upper()}, {count:,} weights: what it does with a screen, and what made it do so"
    axes.text(0.3, HEIGHT - 0.35, text, fontsize=14, fontweight="bold", color=_TEXT, va="center")


def _draw_forward(axes: Axes, network: AgentNetwork, example: Example) -> dict[str, tuple[float, float]]:
    """Draws the decision; returns where the feature map and the action stand."""
    middle, x = _MIDDLE, 0.3
    _picture(axes, example.screen, (x, middle - 0.79), 1.2, "screen", "210 × 160 × 3")
    x = _arrow(axes, x + 1.2, middle)
    size = " × ".join(map(str, example.observation.shape))
    _picture(axes, example.observation, (x, middle - 0.6), 1.2, "observation", size, cmap="gray")
    x = _arrow(axes, x + 1.2, middle)
    blocks = network_blocks(network)
    places = {}
    for block in blocks:
        if block.is_explained:
            places["map"] = (x + 0.5 * _width(block), middle - block.size[0] / 2)
        _draw_block(axes, block, x, middle)
        x = _arrow(axes, x + _width(block), middle)
    actions = f"{network.config.num_actions} actions"
    for name, detail, up in (("policy", actions, 0.0), ("value", "how good it is", 0.85)):
        axes.add_patch(Rectangle((x, middle - 0.3 + up), 1.5, 0.6, facecolor=_FRONT, edgecolor=_FORWARD))
        axes.text(x + 0.75, middle + 0.1 + up, name, ha="center", va="center", fontsize=11, color=_TEXT)
        axes.text(x + 0.75, middle - 0.14 + up, detail, ha="center", va="center", fontsize=8, color=_FAINT)
    axes.text(x + 0.75, middle - 0.55, example.action, ha="center", fontsize=12, fontweight="bold", color=_BACKWARD)
    return places | {"action": (x + 0.75, middle - 0.65)}


def _draw_backward(axes: Axes, example: Example, places: dict[str, tuple[float, float]]) -> None:
    """Draws the gradient from the action back to the feature map, and what is made of the two."""
    (map_x, map_bottom), (action_x, action_bottom) = places["map"], places["action"]
    axes.plot([action_x, action_x, map_x + 1.75], [action_bottom, _LEVEL, _LEVEL], "--", color=_BACKWARD, linewidth=2)
    axes.add_patch(_pointer((map_x + 1.8, _LEVEL), (map_x + 1.45, _LEVEL), _BACKWARD))
    axes.text(map_x + 1.85, _LEVEL + 0.13, "gradient of its score", fontsize=10, color=_BACKWARD)
    axes.text(map_x + 1.85, _LEVEL - 0.3, r"$\alpha_k$: its mean over channel $k$", fontsize=10, color=_BACKWARD)
    _draw_channels(axes, example.channels, map_x)
    axes.add_patch(_pointer((map_x, map_bottom - 1.15), (map_x, _LEVEL + 1.2), _BACKWARD))
    x = map_x - 1.5
    axes.add_patch(_pointer((x, _LEVEL), (x - 0.6, _LEVEL), _BACKWARD))
    words = r"ReLU($\Sigma_k\ \alpha_k A^k$)", f"{example.heatmap.shape[0]} × {example.heatmap.shape[1]} cells"
    _picture(axes, example.heatmap, (x - 2.1, _LEVEL - 0.65), 1.3, *words, cmap="inferno")
    x -= 2.25
    axes.add_patch(_pointer((x, _LEVEL), (x - 0.6, _LEVEL), _BACKWARD))
    height = 1.5 * example.overlay.shape[0] / example.overlay.shape[1]
    _picture(axes, example.overlay, (x - 2.3, _LEVEL - height / 2 + 0.2), 1.5, "heatmap on the screen", "")


def _draw_channels(axes: Axes, channels: np.ndarray, middle: float) -> None:
    """Draws a few channels of the feature map in two rows."""
    for index, channel in enumerate(channels):
        corner = (middle - 1.2 + 1.25 * (index % 2), _LEVEL + 0.05 - 1.2 * (index // 2))
        _image(axes, channel, corner, 1.1, cmap="viridis")
    words = r"channels $A^k$ of the feature map"
    axes.text(middle, _LEVEL - 1.17, words, ha="center", va="top", fontsize=9, color=_FAINT)


def _width(block: Block) -> float:
    return max(0.55, block.size[1] * (1 + _SKEW))


def _draw_block(axes: Axes, block: Block, x: float, middle: float) -> None:
    height, depth = block.size
    bottom, face = middle - height / 2, max(0.16, depth * 0.5)
    shift = _SKEW * min(height, 1.2)
    colour = _EXPLAINED if block.is_explained else _FRONT
    edge = _BACKWARD if block.is_explained else _FORWARD
    front = [(x, bottom), (x + face, bottom), (x + face, bottom + height), (x, bottom + height)]
    top = [front[3], front[2], (x + face + shift, bottom + height + shift), (x + shift, bottom + height + shift)]
    side = [front[1], (x + face + shift, bottom + shift), (x + face + shift, bottom + height + shift), front[2]]
    axes.add_patch(Polygon(front, facecolor=colour, edgecolor=edge))
    for corners in (top, side):
        axes.add_patch(Polygon(corners, facecolor=_SIDE, edgecolor=edge))
    centre = x + (face + shift) / 2
    axes.text(centre, bottom - 0.12, block.title, ha="center", va="top", fontsize=10, fontweight="bold", color=_TEXT)
    axes.text(centre, bottom - 0.36, "\n".join(block.lines), ha="center", va="top", fontsize=8, color=_FAINT)


def _picture(
    axes: Axes, pixels: np.ndarray, corner: tuple[float, float], width: float, title: str, detail: str, **look: Any
) -> None:
    height = _image(axes, pixels, corner, width, **look)
    centre = corner[0] + width / 2
    axes.text(centre, corner[1] - 0.1, title, ha="center", va="top", fontsize=10, color=_TEXT)
    axes.text(centre, corner[1] - 0.33, detail, ha="center", va="top", fontsize=8, color=_FAINT)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=_FAINT, linewidth=0.8))


def _image(axes: Axes, pixels: np.ndarray, corner: tuple[float, float], width: float, **look: Any) -> float:
    height = width * pixels.shape[0] / pixels.shape[1]
    left, bottom = corner
    extent = (left, left + width, bottom, bottom + height)
    axes.imshow(pixels, extent=extent, aspect="equal", interpolation="nearest", zorder=2, **look)
    return height


def _arrow(axes: Axes, x: float, y: float) -> float:
    """Draws a short arrow of the way forward; returns where the next thing begins."""
    axes.add_patch(_pointer((x + 0.12, y), (x + 0.73, y), _FORWARD))
    return x + 0.85


def _pointer(start: tuple[float, float], end: tuple[float, float], colour: str) -> FancyArrowPatch:
    return FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=colour, linewidth=1.8, zorder=3)

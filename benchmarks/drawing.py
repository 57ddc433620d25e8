"""How the pictures look: the same colours, sizes and letters in all of them."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

Place: TypeAlias = Literal["best", "upper left", "upper right"]
COLORS = {
    "stock": "#8c8c8c",
    "optimized": "#1f77b4",
    "embedded": "#e08214",
    "kokoro-onnx": "#bc5090",
    "torch": "#7a5195",
    "memory": "#1f77b4",
    "disk": "#e08214",
}
LIGHT = {"stock": "#cfcfcf", "optimized": "#a6cbe8", "embedded": "#f5cf9f"}
LIMIT = "#c0392b"
PALETTE_SIZE = 160
PHASE_COLORS = ("#1f77b4", "#6aaed6", "#e08214", "#f5cf9f", "#8c8c8c")


def color(name: str, *, light: bool = False) -> str:
    """Of the variant or product that `name` mentions, the same in all pictures."""
    table = LIGHT if light else COLORS
    return next((value for key, value in table.items() if key in name), "#444444")


def panels(
    report: Mapping[str, Any], count: int, title: str, height: float = 3.1
) -> tuple[Figure, list[Axes]]:
    """A figure with so many axes beside each other, titled, its conditions below."""
    figure = Figure(figsize=(3.6 * count + 0.6 if count > 1 else 6.4, height), layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0]
    figure.suptitle(title, fontsize=10, fontweight="bold")
    hardware = report["hardware"]
    figure.supxlabel(
        f"{hardware['cpu']}, {hardware['cores']} cores, Python {hardware['python']}, "
        f"ONNX Runtime {hardware['onnxruntime']}, {report['date']}",
        fontsize=6.5,
        color="#666666",
    )
    for one in axes:
        one.grid(visible=True, axis="y", color="#e5e5e5", linewidth=0.7)
        one.set_axisbelow(True)
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=7.5)
    return figure, list(axes)


def named(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=8.5)
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)


def legend(axes: Axes, place: Place = "best") -> None:
    axes.legend(fontsize=7, frameon=False, loc=place)


def groups(
    axes: Axes,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    digits: int = 2,
    colors: Mapping[str, str] | None = None,
) -> None:
    """Bars in groups, each with its number on top. `colors`, by series, stand for those of `color`."""
    width = 0.8 / len(series)
    for index, (name, values) in enumerate(series.items()):
        at = [place + (index - (len(series) - 1) / 2) * width for place in range(len(labels))]
        usual = color(name, light=name.startswith("raw"))
        bars = axes.bar(at, values, width * 0.92, label=name, color=(colors or {}).get(name, usual))
        axes.bar_label(bars, [f"{value:,.{digits}f}" for value in values], fontsize=6, padding=1)
    axes.set_xticks(range(len(labels)), labels)
    axes.margins(y=0.12)


def save(figure: Figure, file: Path) -> None:
    """As PNG of few colours, which is a third of the bytes."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110, facecolor="white")
    image = Image.open(drawn).convert("RGB").quantize(PALETTE_SIZE, dither=Image.Dither.NONE)
    image.save(file, optimize=True)

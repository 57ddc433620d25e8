"""The figures of a sweep as a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from koe.bench.target import BenchError

_COLORS = {"cold": "tab:blue", "cached": "tab:orange"}
_STYLES = {"p50": "-", "p95": "--", "p99": ":"}


def require_matplotlib() -> None:
    """Raises `BenchError`: it is not installed."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise BenchError(
            f"--plot needs matplotlib, which is not installed ({error}): pip install 'koe[bench]', or do "
            f"without --plot"
        ) from None


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Write `file` (.png, .svg, .pdf): first audio, RTF, throughput and what went wrong, by clients.

    Raises:
        BenchError: it cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7.5), layout="constrained")
    (first, rtf), (throughput, trouble) = figure.subplots(2, 2)
    passes: dict[str, list[Mapping[str, Any]]] = {}
    for level in report["levels"]:
        passes.setdefault(level["pass"], []).append(level)
    _percentiles(first, passes, "first_audio_ms", "time to first audio (ms)")
    _percentiles(rtf, passes, "rtf", "RTF of answers")
    _throughput(throughput, passes)
    _shares(trouble, passes)
    counts = sorted({level["clients"] for level in report["levels"]})
    for axes in (first, rtf, throughput, trouble):
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
        axes.set_xlabel("clients")
        axes.grid(visible=True, alpha=0.3)
    figure.suptitle(_title(report), fontsize=10)
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        raise BenchError(f"{file} cannot be written: {error}") from None


def _percentiles(axes: Any, passes: Mapping[str, list[Mapping[str, Any]]], key: str, label: str) -> None:
    for name, levels in passes.items():
        found = [(level["clients"], level[key]) for level in levels if level[key]]
        for percentile, style in _STYLES.items():
            points = [(clients, values[percentile]) for clients, values in found]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    style,
                    marker="o",
                    markersize=4,
                    color=_COLORS[name],
                    label=f"{name} {percentile}",
                )
    axes.set_ylabel(label)
    axes.set_yscale("log")
    _legend(axes)


def _throughput(axes: Any, passes: Mapping[str, list[Mapping[str, Any]]]) -> None:
    for name, levels in passes.items():
        counts = [level["clients"] for level in levels]
        made = [level["audio_s_per_s"] for level in levels]
        axes.plot(counts, made, marker="o", color=_COLORS[name], label=name)
    axes.set_ylabel("audio seconds per second")
    axes.set_yscale("log")
    _legend(axes)


def _shares(axes: Any, passes: Mapping[str, list[Mapping[str, Any]]]) -> None:
    """Percent of requests refused and failed, and of answers that ran dry."""
    for name, levels in passes.items():
        counts = [level["clients"] for level in levels]
        kinds = {
            "refused": ([_share(sum(one["refused"].values()), one["requests"]) for one in levels], "-"),
            "failed": ([_share(sum(one["errors"].values()), one["requests"]) for one in levels], "--"),
            "ran dry": ([_share(one["ran_dry"] or 0, one["answers"]) for one in levels], ":"),
        }
        for kind, (values, style) in kinds.items():
            axes.plot(
                counts, values, style, marker="o", markersize=4, color=_COLORS[name], label=f"{name} {kind}"
            )
    axes.set_ylabel("percent")
    axes.set_ylim(-2, 102)
    _legend(axes)


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8)


def _title(report: Mapping[str, Any]) -> str:
    server = report["server"] or {}
    engine: Mapping[str, Any] = next((one for one in server.get("engines", ()) if one.get("default")), {})
    told = " ".join(str(engine[key]) for key in ("name", "model", "precision") if engine.get(key))
    request = report["request"]
    how = "streamed" if request["stream"] else "whole"
    return f"{report['url']}  {told or 'engine unknown'}  {request['response_format']}, {how}"

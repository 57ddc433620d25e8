"""Pictures and tables of stored reports: `docs/performance/*.json` to `*.png` and `docs/performance.md`.

python -m benchmarks.plots [FOLDER]            # the pictures, beside the reports
python -m benchmarks.plots [FOLDER] --write    # and the tables there, and the figures of README.md
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.drawing import COLORS, LIMIT, PHASE_COLORS, color, groups, legend, named, panels, save
from benchmarks.tables import write_tables

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "performance"
Report = Mapping[str, Any]


def engine(report: Report) -> Figure:
    found = report["results"]
    figure, axes = panels(report, 3 if "one_text" in found else 1, "The engine")
    lengths = list(found["rtf"])
    series = {name: [found["rtf"][length][name] for length in lengths] for name in found["rtf"][lengths[0]]}
    groups(axes[0], lengths, series)
    named(axes[0], "One thread", "phonemes in the segment", "real-time factor")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 1.3)
    axes[0].legend(fontsize=7, frameon=False, loc="upper left", ncols=2)
    titles = ("A text of 60 words", "Two of them at once")
    for one, key, title in zip(axes[1:], ("one_text", "two_texts"), titles, strict=False):
        names = list(found[key])
        values = [found[key][name]["audio_s_per_s"] for name in names]
        bars = one.barh(names, values, color=[color(name) for name in names])
        one.bar_label(bars, [f"{value:.1f}" for value in values], fontsize=7, padding=2)
        one.invert_yaxis()
        one.margins(x=0.15)
        one.grid(visible=False, axis="y")
        named(one, title, "audio seconds per second", "")
    return figure


def first_audio(report: Report) -> Figure:
    found = report["results"]
    figure, (axes,) = panels(report, 1, "Time to first audio over HTTP, nothing cached")
    words = [str(row["words"]) for row in found["rows"]]
    for index, name in enumerate(found["rows"][0]["servers"]):
        at = [row["servers"][name]["first_audio_ms"] for row in found["rows"]]
        style = "--" if "not cut" in name else "-"
        axes.plot(
            words, [one["p50"] for one in at], f"o{style}", ms=4, color=color(name), label=f"{name}, p50"
        )
        axes.plot(words, [one["p95"] for one in at], f"^{style}", ms=4, lw=0.7, color=color(name), alpha=0.6,
                  label="p95" if not index else None)  # fmt: skip
    axes.axhline(found["raw_ms"] * 0.75 + 30, color=LIMIT, lw=1, ls=":")
    axes.text(0, found["raw_ms"] * 0.75 + 33, "0.75 × raw stock inference + 30 ms", fontsize=6.5, color=LIMIT)
    axes.set_yscale("log")
    axes.set_yticks(ticks := [50, 100, 200, 500, 1000, 2000], [str(tick) for tick in ticks])
    axes.minorticks_off()
    named(axes, "", "words in the text", "milliseconds")
    legend(axes)
    return figure


def concurrency(report: Report) -> Figure:
    found = report["results"]
    figure, (first, made, dry) = panels(report, 3, "Many listeners at once")
    rows = found["streams"]
    counts = [str(row["streams"]) for row in rows]
    for name, marker, alpha in (("p50", "o", 1.0), ("p95", "^", 0.55)):
        values = [(row["first_audio_ms"] or {}).get(name, float("nan")) for row in rows]
        first.plot(counts, values, f"{marker}-", ms=4, label=name, color=COLORS["optimized"], alpha=alpha)
    first.set_ylim(bottom=0)
    named(first, "First audio", "clients, one stream after the other", "milliseconds")
    legend(first)
    heard = {"heard": [row["audio_s_per_s"] for row in rows]}
    groups(made, counts, heard, digits=1, colors={"heard": COLORS["optimized"]})
    made.axhline(found["capacity_audio_s_per_s"], color=LIMIT, lw=1, ls=":", label="capacity (whole answers)")
    named(made, "Throughput", "clients, one stream after the other", "audio seconds per second")
    legend(made, "upper left")
    labels = [*counts, *(f"load {row['load']:g}" for row in found["loads"])]
    _refused_and_dry(dry, labels, [*rows, *found["loads"]])
    return figure


def _refused_and_dry(axes: Axes, labels: Sequence[str], rows: Sequence[Report]) -> None:
    refused, dry = "refused at once (503)", "of the others, ran dry"
    shares = {
        refused: [100 * row["refused"] / row["players"] for row in rows],
        dry: [100 * row["players_that_ran_dry"] / max(1, row["heard"]) for row in rows],
    }
    groups(axes, labels, shares, digits=0, colors={refused: COLORS["stock"], dry: COLORS["embedded"]})
    axes.tick_params(axis="x", rotation=45)
    axes.set_ylim(0, max(10.0, axes.get_ylim()[1] * 1.35))
    named(axes, "Refused, or with a gap", "clients, or load", "% of players")
    legend(axes, "upper left")


def cached(report: Report) -> Figure:
    found = report["results"]["rows"]
    figure, (rate, latency) = panels(report, 2, "The same request again")
    states = list(dict.fromkeys(row["state"] for row in found))
    most = max(row["connections"] for row in found)
    at = {row["state"]: row for row in found if row["connections"] == most}
    for axes, key, title, unit in (
        (rate, "per_second", f"{most} connections", "answers per second"),
        (latency, "p50_ms", "p50", "milliseconds"),
    ):
        bars = axes.bar(states, [at[state][key] for state in states], 0.6, color=COLORS["optimized"])
        axes.bar_label(bars, [f"{at[state][key]:,.1f}" for state in states], fontsize=7, padding=1)
        axes.set_yscale("log")
        axes.margins(y=0.15)
        named(axes, title, "", unit)
    return figure


def memory(report: Report) -> Figure:
    found = report["results"]["variants"]
    figure, (points, series) = panels(report, 2, "Resident memory of the server")
    labels = ["start", "first answer", "long text", "requests"]
    for index, (name, one) in enumerate(found.items()):
        at = [place + (index - (len(found) - 1) / 2) * 0.27 for place in range(len(labels))]
        anonymous = [point["anonymous_mb"] for point in one["points"]]
        mapped = [point["file_mb"] for point in one["points"]]
        points.bar(at, anonymous, 0.25, color=color(name), label=name)
        bars = points.bar(at, mapped, 0.25, bottom=anonymous, color=color(name, light=True))
        points.bar_label(bars, [f"{point['rss_mb']:.0f}" for point in one["points"]], fontsize=6, padding=1)
        share = [100 * (number + 1) / len(one["series"]) for number in range(len(one["series"]))]
        label = f"{name}, {one['requests']:,} requests: {one['growth_percent']:+.1f} %"
        resident = [point["rss_mb"] for point in one["series"]]
        series.plot(share, resident, "o-", ms=3, color=color(name), label=label)
    points.set_xticks(range(len(labels)), labels)
    points.set_ylim(top=points.get_ylim()[1] * 1.2)
    named(points, "After … (light: backed by files)", "", "10⁶ bytes")
    legend(points, "upper left")
    series.set_ylim(0, series.get_ylim()[1] * 1.45)
    named(series, "During mixed requests", "% of the requests", "10⁶ bytes")
    legend(series, "upper left")
    return figure


def startup(report: Report) -> Figure:
    found = report["results"]
    figure, (phases, imports) = panels(report, 2, "From the start of the process until it is ready", 2.8)
    names = list(found["variants"])
    begun = [0.0] * len(names)
    for phase, shade in zip(found["variants"][names[0]]["phases_s"], PHASE_COLORS, strict=True):
        values = [found["variants"][name]["phases_s"][phase] for name in names]
        phases.barh(names, values, left=begun, color=shade, label=phase, height=0.55)
        begun = [before + value for before, value in zip(begun, values, strict=True)]
    ready = [found["variants"][name]["ready_s"] for name in names]
    phases.plot(ready, names, "|", ms=11, mew=2, color=LIMIT, label="ready (without notes)")
    phases.grid(visible=True, axis="x", color="#e5e5e5", linewidth=0.7)
    phases.set_ylim(top=len(names) + 0.4)
    named(phases, "Where the time goes", "seconds", "")
    phases.legend(fontsize=6.5, frameon=False, ncols=3, loc="upper left")
    packages = list(found["imports_ms"])
    imports.barh(packages, [found["imports_ms"][name] for name in packages], color="#6aaed6")
    imports.invert_yaxis()
    imports.grid(visible=False, axis="y")
    named(imports, "Imports, by package", "milliseconds (with -X importtime)", "")
    return figure


def scaling(report: Report) -> Figure:
    found = report["results"]
    figure, (text, requests, cache) = panels(report, 3, "How the cost grows")
    characters = [row["characters"] for row in found["text"]]
    blue, orange = COLORS["optimized"], COLORS["embedded"]
    text.plot(
        characters, [row["rtf"] for row in found["text"]], "o-", ms=4, color=blue, label="real-time factor"
    )
    text.set_xscale("log")
    text.set_ylim(bottom=0)
    named(text, "Length of the text", "characters", "seconds for a second of audio")
    beside = text.twinx()
    first = [row["first_audio_ms"] for row in found["text"]]
    beside.plot(characters, first, "^--", ms=4, color=orange, label="first audio")
    beside.set_ylim(bottom=0)
    beside.set_ylabel("first audio, milliseconds", fontsize=8)
    beside.tick_params(labelsize=7.5)
    beside.spines[["top"]].set_visible(False)
    text.legend([*text.lines, *beside.lines], ["real-time factor", "first audio"], fontsize=7, frameon=False)
    numbers = [row["requests"] for row in found["requests"]]
    requests.plot(numbers, [row["cpu_ms"] for row in found["requests"]], "o-", ms=4, color=orange)
    requests.set_ylim(bottom=0)
    named(requests, "Requests so far (embedded voice)", "requests", "processor ms for one")
    for tier in ("memory", "disk"):
        rows = [row for row in found["cache"] if row["tier"] == tier]
        entries = [row["entries"] for row in rows]
        for name, marker, style in (("p50", "o", "-"), ("p95", "^", "--")):
            values = [row["lookup_us"][name] for row in rows]
            cache.plot(entries, values, marker + style, ms=4, color=COLORS[tier], label=f"{tier}, {name}")
    cache.set_xscale("log")
    cache.set_yscale("log")
    named(cache, "Entries in the cache", "entries", "microseconds for a look-up")
    legend(cache)
    return figure


PICTURES: Mapping[str, Callable[[Report], Figure]] = {
    picture.__name__: picture
    for picture in (engine, first_audio, concurrency, cached, memory, startup, scaling)
}
"""By the name of the report."""


def draw(folder: Path) -> list[Path]:
    """A picture of every report in `folder`, beside it."""
    drawn = []
    for name, picture in PICTURES.items():
        source = folder / f"{name}.json"
        if source.is_file():
            target = source.with_suffix(".png")
            save(picture(json.loads(source.read_text("utf-8"))), target)
            drawn.append(target)
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and README.md, too")
    given = parser.parse_args()
    for picture in draw(given.folder):
        print(f"{picture} {picture.stat().st_size:,} bytes")
    if given.write:
        write_tables(ROOT, given.folder)


if __name__ == "__main__":
    main()

"""The tables of `docs/performance.md` and the figures of `README.md`, made of the stored reports.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`, where `NAME` is a report's, as in `memory`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Report = Mapping[str, Any]


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Markdown; the first column is left, the others right."""
    names = [*header]
    lines = [names, ["---", *["--:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def columns(rows: Iterable[Mapping[str, object]], keys: Iterable[str]) -> str:
    """A table of those keys of each row."""
    names = [*keys]
    return table([f"`{name}`" for name in names], [[row[name] for name in names] for row in rows])


def conditions(report: Report) -> str:
    """The sentence that stands above each table."""
    hardware = report["hardware"]
    load = hardware["load_before"]
    return (
        f"`{report['command']}` on {report['date']}: {hardware['cpu']}, {hardware['cores']} cores, "
        f"{hardware['memory_gb']:g} GB, {hardware['system']}, Python {hardware['python']}, ONNX Runtime "
        f"{hardware['onnxruntime']}, load before {load:g}. Threads: {report['threads']}. "
        f"Variant: {report['variant']}. Cache: {report['cache']}."
    )


def definitions(report: Report) -> str:
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in report["definitions"].items())


def engine(found: Report) -> str:
    lengths = list(found["rtf"])
    rows = [
        [name, *(f"{found['rtf'][length][name]:.3f}" for length in lengths)]
        for name in found["rtf"][lengths[0]]
    ]
    rows += [
        [f"overhead, {model}", *(f"{100 * found['overhead'][length][model]:.1f} %" for length in lengths)]
        for model in found["overhead"][lengths[0]]
    ]
    made = table(["`rtf` by phonemes", *lengths], rows)
    if "one_text" not in found:
        return made
    texts = [
        [name, one["seconds"], one["audio_s_per_s"], found["two_texts"][name]["seconds"],
         found["two_texts"][name]["audio_s_per_s"]]
        for name, one in found["one_text"].items()
    ]  # fmt: skip
    header = ["60 words", "one: `seconds`", "`audio_s_per_s`", "two at once: `seconds`", "`audio_s_per_s`"]
    faster = [
        [f"{ours} against {other}", times, found["two_texts_times_faster"][ours][other]]
        for ours, others in found["one_text_times_faster"].items()
        for other, times in others.items()
    ]
    return "\n\n".join([made, table(header, texts), table(["`times_faster`", "one", "two at once"], faster)])


def first_audio(found: Report) -> str:
    servers = list(found["rows"][0]["servers"])
    rows = [[row["words"], *(_first(row["servers"][name]) for name in servers)] for row in found["rows"]]
    ratios = [
        [name, *(found[name][server] for server in servers)]
        for name in ("against_raw", "longest_against_20_words")
    ]
    made = table(["words", *servers], rows)
    raw = f"p50 / p95 of `first_audio_ms`, and `longest_gap_ms`. `raw_ms` is {found['raw_ms']}."
    return f"{raw}\n\n{made}\n\n{table(['', *servers], ratios)}"


def _first(found: Mapping[str, Any]) -> str:
    first = found["first_audio_ms"]
    return f"{first['p50']} / {first['p95']}, gap {found['longest_gap_ms']}"


def concurrency(found: Report) -> str:
    rows = [
        [f"{row['streams']} at once" if "streams" in row else f"load {row['load']:g}", row["players"],
         row["refused"], row["players_that_ran_dry"], _both(row["first_audio_ms"]), _both(row["refusal_ms"]),
         row["audio_s_per_s"]]
        for row in (*found["streams"], *found["loads"])
    ]  # fmt: skip
    header = ["", "players", "refused", "ran dry", "`first_audio_ms` p50 / p95", "`refusal_ms` p50 / p95",
              "`audio_s_per_s`"]  # fmt: skip
    return f"Capacity: {found['capacity_audio_s_per_s']} audio seconds per second.\n\n{table(header, rows)}"


def _both(found: Mapping[str, Any] | None) -> str:
    return f"{found['p50']} / {found['p95']}" if found else "–"


def cached(found: Report) -> str:
    header = ["", "connections", "`per_second`", "`p50_ms`", "`p95_ms`", "`cpu_ms`"]
    rows = [
        [
            row["state"],
            row["connections"],
            f"{row['per_second']:,.0f}",
            row["p50_ms"],
            row["p95_ms"],
            row["cpu_ms"],
        ]
        for row in found["rows"]
    ]
    return table(header, rows)


def memory(found: Report) -> str:
    variants = found["variants"]
    points = [point["after"] for point in next(iter(variants.values()))["points"][:3]]
    rows: list[list[object]] = [
        [f"after {after}", *(_resident(one["points"][index]) for one in variants.values())]
        for index, after in enumerate(points)
    ]
    rows.append(["after mixed requests", *(_resident(one["points"][3]) for one in variants.values())])
    rows.append(["mixed requests", *(f"{one['requests']:,}" for one in variants.values())])
    rows += [
        [f"`{name}`", *(one[name] for one in variants.values())]
        for name in ("growth_percent", "since_long_percent", "peak_mb", "long_request_s")
    ]
    return table(["`rss_mb` (of it backed by files)", *variants], rows)


def _resident(point: Mapping[str, Any]) -> str:
    return f"{point['rss_mb']:.0f} ({point['file_mb']:.0f})"


def startup(found: Report) -> str:
    phases = list(next(iter(found["variants"].values()))["phases_s"])
    rows = [
        [name, one["ready_s"], one["slowest_s"], one["first_answer_s"],
         *(f"{one['phases_s'][phase]:.2f}" for phase in phases)]
        for name, one in found["variants"].items()
    ]  # fmt: skip
    return table(["", "`ready_s`", "`slowest_s`", "`first_answer_s`", *phases], rows)


def scaling(found: Report) -> str:
    text = columns(found["text"], ("characters", "first_audio_ms", "seconds", "audio_s", "rtf", "rss_mb"))
    requests = columns(found["requests"], ("requests", "ms", "cpu_ms", "rss_mb"))
    entries = list(dict.fromkeys(row["entries"] for row in found["cache"]))
    at = {(row["tier"], row["entries"]): row["lookup_us"] for row in found["cache"]}
    tiers = list(dict.fromkeys(row["tier"] for row in found["cache"]))
    rows = [[f"{count:,}", *(f"{at[tier, count]['p50']} / {at[tier, count]['p95']}" for tier in tiers)]
            for count in entries]  # fmt: skip
    cache = table(["entries", *(f"{tier}, `lookup_us` p50 / p95" for tier in tiers)], rows)
    return f"{text}\n\n{requests}\n\n{cache}"


TABLES: Mapping[str, Callable[[Report], str]] = {
    made.__name__: made for made in (engine, first_audio, concurrency, cached, memory, startup, scaling)
}
"""By the name of the report."""

CAPTIONS: Mapping[str, str] = {
    "engine": "real-time factors by length, and throughput of whole texts",
    "first_audio": "time to first audio by length of the text",
    "concurrency": "first audio, throughput and refusals by number of clients",
    "cached": "answers per second and latency by what is cached",
    "memory": "resident memory of the server",
    "startup": "time until ready, by phase",
    "scaling": "cost by length of the text, number of requests and size of the cache",
}


def section(report: Report) -> str:
    """Picture, conditions, table and definitions of a report."""
    name = report["benchmark"]
    picture = f"![{CAPTIONS[name]}](performance/{name}.png)"
    made = TABLES[name](report["results"])
    return f"{picture}\n\n{conditions(report)}\n\n{made}\n\n{definitions(report)}"


def with_tables(page: str, folder: Path) -> str:
    """The page with what the reports in `folder` say between its markers; others stay."""
    for name in TABLES:
        source = folder / f"{name}.json"
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if source.is_file() and end:
            made = section(json.loads(source.read_text("utf-8")))
            page = f"{before}{begin}{made}\n{end}{after}"
    return page


def figures(folder: Path) -> str:
    """The README's paragraph: the figures of the model that was optimized, else of the one that was given."""
    found = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in TABLES}
    results = {name: report["results"] for name, report in found.items()}
    hardware = found["engine"]["hardware"]
    name = "optimized" if "optimized" in results["startup"]["variants"] else "stock"
    first = results["first_audio"]["rows"][-1]
    kept = next(row for row in results["cached"]["rows"][::-1] if row["state"] == "answer kept")
    long = results["memory"]["variants"][name]["points"][2]
    made = results["engine"]["one_text"][f"koe {name}"]["audio_s_per_s"]
    ready_s = results["startup"]["variants"][name]["ready_s"]
    first_ms = first["servers"][name]["first_audio_ms"]["p50"]
    model = found["engine"]["variant"].partition(": ")[2]
    return (
        f"On {hardware['cores']} cores ({hardware['cpu']}), {model}, {name}: {made:.1f} seconds of audio in "
        f"a second; a text of {first['words']} words sounds after {first_ms:.0f} ms; a kept answer takes "
        f"{kept['p50_ms']:.1f} ms, {kept['per_second']:,.0f} of them a second; ready {ready_s:.1f} s after "
        f"the start; {long['rss_mb']:.0f} MB resident after {long['after']} in one request. "
        f"[How this was measured, and more](docs/performance.md)."
    )


def with_figures(readme: str, folder: Path) -> str:
    """The README with its paragraph of figures, where all reports are there."""
    before, begin, rest = readme.partition("<!-- figures -->\n")
    _, end, after = rest.partition("<!-- /figures -->")
    complete = all((folder / f"{name}.json").is_file() for name in TABLES)
    return f"{before}{begin}{figures(folder)}\n{end}{after}" if end and complete else readme


def write_tables(root: Path, folder: Path) -> None:
    """Write what the reports say into `docs/performance.md` and `README.md` below `root`."""
    for page, made in ((root / "docs/performance.md", with_tables), (root / "README.md", with_figures)):
        page.write_text(made(page.read_text("utf-8"), folder), encoding="utf-8")

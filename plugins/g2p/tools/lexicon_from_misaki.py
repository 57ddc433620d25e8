# ruff: noqa: INP001 - a script
"""Writes `koe_g2p/data/*.tsv` out of the JSON lexicons of an installed misaki 0.9.4.

    $ pip install --no-deps misaki==0.9.4
    $ python plugins/g2p/tools/lexicon_from_misaki.py

One word a line, in the order of the bytes: the word, its phonemes, and `TAG=phonemes` for every part of
speech that has others. Empty phonemes mean that the word is spelt.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

DATA = Path(__file__).parents[1] / "koe_g2p/data"
FILES = {
    "american_gold": "us_gold",
    "american_silver": "us_silver",
    "british_gold": "gb_gold",
    "british_silver": "gb_silver",
}


def source_folder() -> Path:
    """Where the installed misaki keeps its JSON files. It is not imported: that would need spaCy."""
    spec = find_spec("misaki")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("misaki is not installed: pip install --no-deps misaki==0.9.4")
    return Path(spec.submodule_search_locations[0]) / "data"


def lines(entries: Mapping[str, str | Mapping[str, str | None]]) -> Iterator[str]:
    """The lines of the table, sorted."""
    for word in sorted(entries, key=str.encode):
        entry = entries[word]
        readings = {"DEFAULT": entry} if isinstance(entry, str) else entry
        others = [f"{tag}={ipa or ''}" for tag, ipa in sorted(readings.items()) if tag != "DEFAULT"]
        yield "\t".join([word, readings["DEFAULT"] or "", *others])


def main() -> None:
    folder = source_folder()
    for target, source in FILES.items():
        entries = json.loads((folder / f"{source}.json").read_text(encoding="utf-8"))
        (DATA / f"{target}.tsv").write_text("\n".join(lines(entries)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

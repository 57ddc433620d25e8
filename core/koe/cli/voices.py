"""`koe voices`: who can speak."""

from typing import Any

from koe.cli.options import NO_OPTIONS, ConfigOptions, assignment
from koe.cli.table import print_rows
from koe.engines import EngineSet, OpenEngine
from koe.plugins import load


def voices(
    *, engine: str = "", language: str = "", json: bool = False, options: ConfigOptions = NO_OPTIONS
) -> int:
    """List the voices and saved mixes of the engine that speaks here.

    Parameters
    ----------
    engine: str
        Of this engine instead of engine.default.
    language: str
        Only voices of this BCP 47 language, such as en or en-GB.
    json: bool
        Print JSON.
    """
    configuration = options.load(*([assignment("engine.default", engine)] if engine else []))
    engines = EngineSet.open(load(configuration), configuration.settings)
    try:
        rows = [row for row in _rows(engines.get("")) if _speaks(row["language"], language)]
    finally:
        engines.close()
    print_rows(("name", "language", "gender", "grade", "aliases", "mix"), rows, as_json=json)
    return 0


def _rows(opened: OpenEngine) -> list[dict[str, Any]]:
    """A row for each voice and mix; aliases stand beside what they are aliases of."""
    listed = tuple(opened.book.listed())
    names = {voice.name for voice in listed}
    return [
        {
            "name": voice.name,
            "language": voice.language,
            "gender": voice.gender,
            "grade": voice.grade,
            "aliases": " ".join(voice.aliases),
            "mix": voice.mix or voice.alias_of,
            "engine": opened.name,
        }
        for voice in listed
        if voice.alias_of not in names
    ]


def _speaks(language: str, wanted: str) -> bool:
    return f"{language}-".lower().startswith(f"{wanted}-".lower()) if wanted else True

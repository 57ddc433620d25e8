"""`koe nemo`: build the grammars, and see which ones there are."""

import sys
import time

from cyclopts import App
from koe.api import InvalidRequestError
from rich.console import Console

from koe_nemo.building import build
from koe_nemo.config import LANGUAGES
from koe_nemo.folders import GrammarFolders


def nemo_command(folders: GrammarFolders) -> App:
    """The commands, for the grammars in `folders`."""
    app = App(name="nemo", help="Build NeMo's grammars, and list them.")

    @app.command(name="build")
    def build_grammars(*languages: str, all: bool = False, again: bool = False) -> int:  # noqa: A002 - the option
        """Build the grammars of languages. It takes 1 to 60 seconds for each.

        Args:
            languages: such as en de hi; `koe nemo list` names them all.
            all: build every language.
            again: also build those that are built.
        """
        chosen = LANGUAGES if all else tuple(dict.fromkeys(languages))
        unknown = [language for language in chosen if language not in LANGUAGES]
        if unknown or not chosen:
            given = f"{', '.join(map(repr, unknown))} unknown" if unknown else "none given"
            raise InvalidRequestError(
                f"Which languages are to be built? {given}; name some of {', '.join(LANGUAGES)}, or --all"
            )
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        for place, language in enumerate(chosen, 1):
            _build(folders, language, f"[{place}/{len(chosen)}] {language}", console, again=again)
        return 0

    @app.command(name="list")
    def list_grammars() -> int:
        """List the languages, and which ones are built."""
        for language in LANGUAGES:
            built = f"{folders.size_bytes(language) / 1e6:.1f} MB" if folders.is_built(language) else "-"
            sys.stdout.write(f"{language}  {built}\n")
        sys.stdout.write(f"in {folders.folder}\n")
        return 0

    return app


def _build(folders: GrammarFolders, language: str, title: str, console: Console, *, again: bool) -> None:
    if folders.is_built(language) and not again:
        console.print(f"{title}: already built")
        return
    began = time.monotonic()
    if not console.is_terminal:
        console.print(f"{title}: building, up to a minute")
    with console.status(f"{title}: building, up to a minute"):
        build(folders, language)
    seconds, size = time.monotonic() - began, folders.size_bytes(language)
    console.print(f"{title}: built in {seconds:.0f} s, {size / 1e6:.1f} MB in {folders.path(language)}")

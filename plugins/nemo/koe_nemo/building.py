"""Builds the grammars of a language, in a process of its own: it takes up to 2.7 GB, which go with it.

`python -m koe_nemo.building LANGUAGE FOLDER` is that process.
"""

import subprocess
import sys
from pathlib import Path

from koe.api import KoeError

from koe_nemo.folders import GrammarFolders
from koe_nemo.worker import open_normalizer

_LAST_LINES = 5


class GrammarBuildError(KoeError):
    """NeMo could not build the grammars of a language."""

    code = "grammar_build_failed"


def build(folders: GrammarFolders, language: str) -> None:
    """Build the grammars of `language` anew. Blocks for 1 to 60 seconds.

    Raises:
        ConfigError: nemo_text_processing is not installed.
        GrammarBuildError: it failed; what there was before stays.
    """
    with folders.being_built(language) as folder:
        command = [sys.executable, "-m", "koe_nemo.building", language, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if done.returncode or not any(folder.iterdir()):
            said = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
            raise GrammarBuildError(
                f"NeMo's grammars of {language!r} could not be built (exit code {done.returncode}, which is "
                f"-9 where the memory did not suffice). Its last words:\n{said}"
            )


if __name__ == "__main__":
    open_normalizer(sys.argv[1], Path(sys.argv[2]))

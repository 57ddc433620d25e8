"""`koe normalize`: lines as they would be spoken, and the scorecard."""

import sys
from pathlib import Path

from cyclopts import App
from koe.api import Segment, VoiceMix

from koe_text.scorecard import read_cases, score
from koe_text.umbrella import Normalize

CASES = Path("tests/plugins/text/cases")


def normalize_command(normalizer: Normalize) -> App:
    """The command, which runs `pipeline.normalize`, and `normalizer` where that is empty."""
    app = App(name="normalize", help="Write lines from standard input as they would be spoken.")

    @app.default
    def run(
        *, language: str = "en", scorecard: bool = False, cases: Path = CASES, wrong: bool = False
    ) -> int:
        """Write lines from standard input as they would be spoken, one out for one in.

        Args:
            language: BCP 47 tag of the lines.
            scorecard: run the cases instead, and print how many percent are read right, by category.
            cases: the folder of the cases, one file `<language>.tsv` each.
            wrong: with the scorecard, also print the cases that are read wrong.
        """
        if scorecard:
            return _scorecard(normalizer, cases, wrong=wrong)
        for line in sys.stdin:
            sys.stdout.write(normalized(normalizer, line.rstrip("\r\n"), language) + "\n")
            sys.stdout.flush()
        return 0

    return app


def normalized(normalizer: Normalize, line: str, language: str) -> str:
    """One line as it would be spoken, in one line."""
    if not line.strip():
        return line
    segments = normalizer.as_configured(Segment(line, VoiceMix.of("none"), language))
    return " ".join(segment.text.replace("\n", " ") for segment in segments)


def _scorecard(normalizer: Normalize, folder: Path, *, wrong: bool) -> int:
    card = score(read_cases(folder), lambda written, language: normalized(normalizer, written, language))
    for line in card.lines():
        sys.stdout.write(line + "\n")
    if wrong:
        for result in card.wrong():
            case = result.case
            sys.stdout.write(
                f"{case.language} {case.category}: {case.written!r} is read {result.made!r}, "
                f"expected {' or '.join(map(repr, case.spoken))}\n"
            )
    return 0

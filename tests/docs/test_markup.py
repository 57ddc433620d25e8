"""`docs/markup.md` against the code."""

import re
from pathlib import Path

import pytest
from koe import ranges, tags
from koe.errors import InvalidRequestError
from koe.stages import MarkupContext
from koe.testing.build import registry_of
from koe.text import TextPlugin
from koe.types import SpeechRequest, VoiceMix

TEXT = (Path(__file__).parents[2] / "docs" / "markup.md").read_text(encoding="utf-8")
TAGS = TEXT.split("\n## Tags\n")[1].split("\n## ")[0]
TABLE = [line.strip("|").split("|") for line in TAGS.splitlines() if line.startswith("| `")]
CONTEXT = MarkupContext(VoiceMix.of("ann"), "en-US", lambda name: (VoiceMix.of(name), "en-US"))


def parse(text):
    return tags.Tags().parse(SpeechRequest(text), CONTEXT).parts


def test_every_markup_of_the_core_is_listed():
    listed = re.findall(r"^\| `(\w+)` \| (?!the text is)", TEXT.split("\n## Tags\n")[0], re.MULTILINE)
    assert listed == list(registry_of(TextPlugin()).markup_parsers)


@pytest.mark.parametrize("cells", TABLE, ids=lambda cells: cells[0].strip())
def test_the_tags_of_the_table_are_read(cells):
    for example in re.findall(r"`([^`]+)`", cells[0]):
        text = f"[{example[2:-1]}:{'1dB' if 'volume' in example else 1}]" if example[1] == "/" else ""
        assert "".join(getattr(part, "text", "") for part in parse(f"{text}{example}x")) in {
            "x",
            "[x",
            "wordx",
        }


def test_what_is_said_to_be_spoken_is_spoken_and_what_is_said_to_be_refused_is_refused():
    (line,) = [line for line in TAGS.splitlines() if line.startswith("- Brackets")]
    spoken, refused = line.split("What begins")
    for example in re.findall(r"`([^`]+)`", spoken):
        assert [part.text for part in parse(example)] == [example]
    for example in [*re.findall(r"`([^`]+)`", refused.split("without")[0]), "[word](/x"]:
        with pytest.raises(InvalidRequestError):
            parse(f"{example} x")


def test_the_limits_are_those_of_the_code():
    assert f"up to {tags.MAX_PAUSE_S:g} s" in TAGS
    assert f"up to {tags.MAX_PAUSES_S:g} s in one text" in TAGS
    assert f"up to {tags.MAX_PHONEMES} symbols" in TAGS
    assert f"from {ranges.SPEED[0]:g} to {ranges.SPEED[1]:g};" in TAGS
    assert f"from {ranges.VOLUME_DB[0]:g}dB to {ranges.VOLUME_DB[1]:g}dB" in TAGS


def test_the_example_is_read():
    (text,) = re.findall(r"koe say --markup tags '([^']+)'", TAGS)
    assert [type(part).__name__ for part in parse(text)] == ["Segment", "Pause", "Segment"]

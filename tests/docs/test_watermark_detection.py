"""What docs/watermarking.md says of detection, against the code."""

import re
from pathlib import Path
from typing import get_args

import attrs
from koe_watermark import Detection
from koe_watermark.detection_config import DetectConfig
from koe_watermark.detector import Reason
from koe_watermark.errors import AudioTooLongError, DamagedAudioError, WatermarkUnavailableError

from benchmarks.watermark import CHANGES, FORMATS

TEXT = (Path(__file__).parents[2] / "docs" / "watermarking.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"\n#+ ", TEXT.split(f" {title}\n", 1)[1])[0]


def rows(text: str) -> dict[str, str]:
    """The second cell of every row, by each name between backticks in its first."""
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {name: row[1].strip() for row in cells for name in re.findall(r"`([^`]+)`", row[0])}


def test_every_key_and_every_reason_is_listed():
    listed = set(rows(section("Finding the mark"))) - {"reason"}
    keys = {field.name for field in attrs.fields(Detection)} - {"reason"}
    assert listed == keys | set(get_args(Reason))


def test_every_setting_is_listed_with_its_default():
    listed = rows(section("Limits and cost"))
    for field in attrs.fields(DetectConfig):
        assert listed[field.name] == f"`{str(field.default).lower()}`"


def test_every_error_of_its_own_is_listed_with_its_status():
    for kind in (AudioTooLongError, DamagedAudioError, WatermarkUnavailableError):
        assert re.search(rf"^\| {kind.status} \| .*`{kind.code}`", section("Limits and cost"), re.MULTILINE)


def test_every_change_of_the_benchmark_is_in_the_table():
    table = section("What it survives")
    assert [name for name in (*FORMATS, *CHANGES) if f"| {name} |" not in table] == []

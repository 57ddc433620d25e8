"""docs/ssml.md says what the code does."""

import re
from pathlib import Path

import attrs
from koe_ssml import SsmlConfig
from koe_ssml.table import ELEMENTS, rows

from tests.plugins.ssml.helpers import parse

PAGE = (Path(__file__).parents[3] / "docs/ssml.md").read_text(encoding="utf-8")


def test_the_conformance_table_is_the_code_s():
    table = [
        line for line in PAGE.splitlines() if re.match(r"\| `[\w:-]+` \|.*\| (full|partial|ignored) \|", line)
    ]
    assert table == rows()


def test_support_is_one_of_three_words():
    assert {element.support for element in ELEMENTS.values()} == {"full", "partial", "ignored"}


def test_what_has_attributes_without_effect_is_not_full():
    assert [one.name for one in ELEMENTS.values() if one.support == "full" and one.unheard] == []


def test_every_setting_is_documented():
    assert sorted(re.findall(r"^\| `(\w+)` = ", PAGE, re.MULTILINE)) == sorted(
        field.name for field in attrs.fields(SsmlConfig)
    )


def test_every_kind_of_say_as_is_documented_and_read():
    section = PAGE.split("### say-as")[1].split("###")[0]
    kinds = {
        kind
        for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
        for kind in re.findall(r"`([\w-]+)`", row)
    }
    for kind in kinds - {"interpret-as"}:
        assert parse(f'<speak><say-as interpret-as="{kind}">1</say-as></speak>').ignored == ()
    assert len(kinds) > 20

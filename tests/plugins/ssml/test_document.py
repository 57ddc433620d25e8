"""Hostile and broken documents are refused at once, with their place."""

import re
import time

import pytest
from koe.errors import InvalidRequestError

from tests.plugins.ssml.helpers import parse, texts

_LOLS = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol0 "lol">{_LOLS}]>\n<speak>&lol9;</speak>'

HOSTILE = {
    "an XML bomb": (BOMB, "line 2, column 1", "DOCTYPE"),
    "a quadratic bomb": (
        f'<!DOCTYPE s [<!ENTITY a "{"a" * 50_000}">]><speak>{"&a;" * 10_000}</speak>',
        "line 1, column 1",
        "DOCTYPE",
    ),
    "an external entity": (
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        "line 1, column 1",
        "DOCTYPE",
    ),
    "an external DTD behind a comment": (
        '<!-- <!DOCTYPE --><!DOCTYPE speak SYSTEM "http://example.com/x.dtd"><speak/>',
        "line 1, column 19",
        "DOCTYPE",
    ),
    "an undeclared entity": ("<speak>\na&nbsp;b</speak>", "line 2, column 2", "&#160;"),
    "200,000 open elements": ("<speak>" + "<p>" * 200_000, "line 1, column 197", "deeper than 64"),
    "200,000 nested elements": (
        "<speak>" + "<p>" * 200_000 + "</p>" * 200_000 + "</speak>",
        "line 1, column 1000001",
        "longer than 1000000",
    ),
    "10 MB": ("<speak>" + "a" * 10_000_000 + "</speak>", "line 1, column 1000001", "longer"),
    "10 MB of another script": (
        "<speak>" + "あ" * 10_000_000 + "</speak>",
        "line 1, column 1000001",
        "longer",
    ),
    "a long document that breaks at its end": (
        "<speak>" + "\n<w>ä</w>" * 30_000 + "<",
        "line 30001",
        "token",
    ),
    "an attribute without end": ("<speak><p a='" + "x" * 900_000, "line 1, column 8", "unclosed token"),
    "crossed tags": ("<speak><s><p>a</s></p></speak>", "line 1, column 17", "mismatched tag"),
    "a tag that is not closed": ("<speak><p>hello</speak>", "line 1, column 18", "mismatched tag"),
    "a bare ampersand": ("<speak>this & that</speak>", "line 1, column 14", "&amp;"),
    "the same attribute twice": ("<speak><p a='1' a='2'/></speak>", "line 1, column 17", "duplicate"),
    "no markup at all": ("Hello there.", "line 1, column 1", "<speak>"),
    "nothing": (" ", "line 1, column 2", "<speak>"),
    "another root": ("<html><body>hi</body></html>", "line 1, column 1", "<speak>"),
    "a second root": ("<speak>a</speak>\n<speak>b</speak>", "line 2, column 1", "junk"),
    "half a surrogate pair": ("<speak>\na\ud800</speak>", "line 2, column 2", "surrogate"),
    "a NUL": ("<speak>a\0</speak>", "line 1, column 9", "not well-formed"),
    "text before the declaration": ("x<?xml version='1.0'?><speak/>", "line 1, column 1", "<speak>"),
    "a place behind letters of several bytes": ("<speak>äあ😀<x></speak>", "line 1, column 16", "mismatched"),
}


def _milliseconds(document: str) -> float:
    start = time.perf_counter()
    with pytest.raises(InvalidRequestError):
        parse(document)
    return (time.perf_counter() - start) * 1000


@pytest.mark.parametrize(("document", "place", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_with_line_and_column(document, place, reason):
    with pytest.raises(InvalidRequestError) as caught:
        parse(document)
    assert caught.value.param == "input"
    assert caught.value.status == 400
    assert re.search(rf"{place}\b", str(caught.value))
    assert reason in str(caught.value)


@pytest.mark.parametrize("document", [one[0] for one in HOSTILE.values()], ids=HOSTILE)
def test_it_is_refused_within_10_ms(document):
    assert min(_milliseconds(document) for _ in range(5)) < 10


def test_depth_is_watched_in_all_of_the_document():
    deep = "<speak>" + "<w>a</w> " * 10_000 + "<p>" * 70 + "</p>" * 70 + "</speak>"
    with pytest.raises(InvalidRequestError, match="line 1, column 90197: .* deeper than 64"):
        parse(deep)


def test_the_limits_are_configurable():
    assert texts("<speak>" + "<w>" * 70 + "a" + "</w>" * 70 + "</speak>", max_depth=80) == ["a"]
    with pytest.raises(InvalidRequestError, match="longer than 20 characters"):
        parse("<speak>a long text</speak>", max_characters=20)


@pytest.mark.parametrize(
    "document",
    [
        "\ufeff<speak>ab</speak>",
        '\n  <?xml version="1.0" encoding="UTF-16"?>\n<speak>ab</speak>\n',
        "<speak><!-- <!DOCTYPE is spoken of -->ab<?php no?></speak>",
        '<speak xmlns="http://www.w3.org/2001/10/synthesis">ab</speak>',
    ],
)
def test_harmless_oddities_are_taken(document):
    assert texts(document) == ["ab"]


@pytest.mark.parametrize(
    "unit",
    [
        "<w>ab</w> ",
        "<emphasis>ab</emphasis>",
        "a&amp;",
        "ä\r\n ",
        '<sub alias="x y">b</sub>',
        "<zz/>",
        "<break/>",
    ],
)
def test_the_cost_is_linear(unit):
    def seconds(count: int) -> float:
        document = f"<speak>{unit * count}</speak>"
        begin = time.process_time()
        parse(document, break_s={"medium": 0.01})
        return time.process_time() - begin

    short, long = (min(seconds(count) for _ in range(3)) for count in (1_000, 8_000))
    assert long < 8 * 3 * max(short, 0.002)

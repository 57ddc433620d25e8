"""Every header that koe reads or writes stands in docs/http.md, and none that it does not."""

import ast
import re

from koe_cors.plugins import EXPOSED

from tests.docs.collectors import ROOT, headers, parsed, sources

PAGE = (ROOT / "docs/http.md").read_text(encoding="utf-8")
CLIENTS = ("koe/testing/", "koe/author/", "koe/bench/", "koe/kokoro/", "koe/cli/")
"""What asks servers, or makes them for tests."""
NO_HTTP = ("koe/lexicon/", "koe_formats/", "koe_ssml/", "koe_wyoming/", "koe_watermark/headers.py")
"""Where words look like headers and are alphabets, chunks of audio files or pauses."""
THREADS = {"koe-measure", "koe-supervisor-watch"}
FROM_LIBRARIES = {"access-control-allow-origin", "traceparent", "vary"}
"""Read and written by Starlette and OpenTelemetry for the plugins `cors`, `compression` and `tracing`."""
FOUND = headers(parsed(sources(*CLIENTS, *NO_HTTP))) - THREADS


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def documented() -> set[str]:
    """Between backticks: in first cells of the tables, and before a colon or alone in what stands below."""
    text = "\n".join(section(title) for title in ("Headers", "Request headers", "Plugins"))
    cells = re.findall(r"^\| (`[^|]*`[^|]*) \|", text, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([a-z][a-z-]*)`", cell)}
    below = re.search(r"^Besides these, answers have .*?\.$", section("Headers"), re.MULTILINE | re.DOTALL)
    assert below is not None
    named |= set(re.findall(r"`([a-z-]+)(?:: \w+)?`", below[0])) - {"no-store", "no-cache"}
    return named


def test_every_header_is_documented():
    assert documented() >= FOUND | FROM_LIBRARIES, (FOUND | FROM_LIBRARIES) - documented()


def test_no_header_is_documented_that_nothing_reads_or_writes():
    assert documented() <= FOUND | FROM_LIBRARIES | {"forwarded"}, documented() - FOUND - FROM_LIBRARIES


def test_headers_named_after_koe_exist_on_every_page():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"\bheaders? `([a-z-]+)`|`(koe-[a-z-]+): \w+`", text))
    assert len(named) > 3
    assert {one or other for one, other in named} <= FOUND | FROM_LIBRARIES


def test_pages_from_elsewhere_may_read_what_answers_say_in_koe_s_own_headers():
    tables = section("Headers") + section("Plugins").split("| header of answers |")[1]
    cells = re.findall(r"^\| (`[^|]*`[^|]*) \|", tables, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)}
    for_others = {"allow", "x-accel-buffering", "content-encoding", "vary", "access-control-allow-origin"}
    for_browsers = {
        *("strict-transport-security", "content-security-policy", "referrer-policy"),
        "x-content-type-options",
    }
    assert named - for_others - for_browsers == set(EXPOSED)


def test_planted_headers_are_found_wherever_they_are_handled():
    planted = ast.parse(
        '"""x-prose-is-no-header"""\n'
        "NAME = 'X-Planted-One'\n"
        "a = request.headers.get('planted2')\n"
        "b = Headers(scope=scope)['planted3']\n"
        "c = any(name == b'planted4' for name, _ in start)\n"
        "d = [(b'planted5', b'yes')]\n"
        "e = 'planted6' in request.headers\n"
        "f = {'etag': tag, 'cache-control': 'no-store'}\n"
        "g = {'planted': 'no header'}\n"
        "h = Response(headers={'planted7': 'yes'})\n"
    )
    assert headers([planted]) == {
        *("x-planted-one", "planted2", "planted3", "planted4", "planted5", "planted6", "planted7"),
        *("etag", "cache-control"),
    }

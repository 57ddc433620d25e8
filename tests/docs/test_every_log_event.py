"""docs/logs.md has every event that is logged, with its levels, and no other."""

import ast
import re

from tests.docs.collectors import ROOT, log_events, parsed, sources

PAGE = (ROOT / "docs/logs.md").read_text(encoding="utf-8")


def test_every_event_is_listed_with_its_levels_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| .+ \|$", PAGE, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    listed = {event: set(levels.split(", ")) for event, levels in rows}
    assert listed == log_events(parsed(sources("koe/testing/", "koe/author/")))


def test_planted_events_are_found():
    planted = ast.parse(
        "log.warning('planted', x=1)\n"
        "_log.exception('planted')\n"
        "say = log.debug if quiet else log.info\n"
        "say('one' if done else 'other', x='no event')\n"
        "catalogue.info('no event')\nsaid('no event')\n"
    )
    assert log_events([planted]) == {
        "planted": {"warning", "error"},
        "one": {"debug", "info"},
        "other": {"debug", "info"},
    }

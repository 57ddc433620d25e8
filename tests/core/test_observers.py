"""Plugins that are told what happened do no harm where they fail, and tell nobody the text."""

from koe.discretion import without_texts
from koe.hooks import SegmentSynthesized
from koe.observers import notify
from koe.registry import Observer
from structlog.testing import capture_logs

EVENT = SegmentSynthesized("req_1", 0, "fake", "ann", "en-US", "marmalade", "", (), 1.0, 0.0, 0.1)


def _fail(event: SegmentSynthesized) -> None:
    raise ValueError(event.text)


def test_one_that_fails_is_logged_by_name_and_the_others_are_told() -> None:
    told: list[SegmentSynthesized] = []

    def take(event: SegmentSynthesized) -> None:
        told.append(event)

    observers = (Observer("broken", _fail), Observer("well", take))
    with capture_logs() as logged:
        notify({"segment_synthesized": observers}, EVENT)
    assert told == [EVENT]
    [event] = logged
    assert (event["event"], event["plugin"], event["hook"]) == (
        "observer_failed",
        "broken",
        "segment_synthesized",
    )


def test_what_it_failed_with_is_hidden_like_all_errors() -> None:
    """Even one word, which could be taken for the name of an error."""
    with capture_logs() as logged:
        notify({"segment_synthesized": (Observer("broken", _fail),)}, EVENT)
    hidden = without_texts(None, "error", {**logged[0], "request_id": "req_1", "exc_info": None})
    assert "ValueError" in str(hidden)
    assert EVENT.text not in str(hidden)

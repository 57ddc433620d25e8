"""Phonemizers know those behind them."""

import pytest
from koe.errors import StageError
from koe.hooks import Plugin, hookimpl
from koe.pipeline import Pipeline
from koe.settings import PipelineSettings
from koe.stages import Phonemizer
from koe.testing.build import registry_of


class _Plain(Phonemizer):
    def __init__(self, name):
        self.name = name
        self.behind = None

    def supports(self, language):
        return True

    def phonemize(self, segment):
        return []


class _Asking(_Plain):
    def use_fallbacks(self, fallbacks):
        self.behind = [one.name for one in fallbacks]


class _Failing(_Plain):
    def use_fallbacks(self, fallbacks):
        raise LookupError("no fallback speaks English")


def _registry(*phonemizers):
    class Phonemizers(Plugin):
        @hookimpl
        def register_phonemizers(self):
            return phonemizers

    return registry_of(Phonemizers())


def test_a_phonemizer_is_told_those_behind_it_in_config_order():
    first, second, third = _Asking("first"), _Asking("second"), _Plain("third")
    registry = _registry(third, second, first)
    Pipeline.of(registry, PipelineSettings(phonemize=("first", "second", "third")))
    assert (first.behind, second.behind) == (["second", "third"], ["third"])


def test_one_that_the_pipeline_does_not_name_is_nobody_s_fallback():
    first = _Asking("first")
    Pipeline.of(_registry(first, _Plain("second")), PipelineSettings(phonemize=("first", "missing")))
    assert first.behind == []


def test_by_default_a_phonemizer_needs_no_others_and_knows_no_ties():
    plain = _Plain("plain")
    plain.use_fallbacks([_Plain("other")])
    assert plain.tied() is plain


def test_one_that_cannot_do_with_its_fallbacks_is_named():
    with pytest.raises(StageError, match="failing"):
        Pipeline.of(_registry(_Failing("failing")), PipelineSettings(phonemize=("failing",)))

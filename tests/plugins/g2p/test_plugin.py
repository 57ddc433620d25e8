"""`[plugins.g2p]` and what the plugin registers."""

import subprocess
import sys

import pytest
import structlog
from koe.errors import UnsupportedLanguageError
from koe.pipeline import Pipeline
from koe.settings import PipelineSettings
from koe.testing.build import registry_of
from koe_espeak import EspeakPlugin
from koe_g2p import G2pConfig, G2pPlugin, extras

from .build import misaki, phonemes, to_phonemize


def test_it_registers_the_phonemizer_misaki():
    registry = registry_of(G2pPlugin())
    assert list(registry.phonemizers) == ["misaki"]


def test_in_a_pipeline_it_asks_espeak_and_leaves_it_the_other_languages():
    registry = registry_of(G2pPlugin(), EspeakPlugin())
    pipeline = Pipeline.of(registry, PipelineSettings(phonemize=("misaki", "espeak")))
    chosen = {tag: pipeline.phonemizer(tag).component for tag in ("en-US", "fr-FR", "de")}
    assert {tag: component.name for tag, component in chosen.items()} == {
        "en-US": "misaki",
        "fr-FR": "misaki",
        "de": "espeak",
    }
    assert phonemes(chosen["en-US"], "Wexley") == ["wˈɛksli"]


def test_languages_that_the_config_leaves_out_are_left_to_others():
    some = misaki(G2pConfig(languages=("en", "fr")))
    assert [some.supports(tag) for tag in ("en-US", "fr-FR", "es", "ja", "zh")] == [True, True, *[False] * 3]
    with pytest.raises(UnsupportedLanguageError, match="plugins.g2p.languages are en, fr"):
        some.phonemize(to_phonemize("hola", "es"))


def test_languages_that_nobody_has_are_left_to_others_as_well():
    assert not misaki().supports("de")


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_a_language_whose_extra_is_missing_is_left_to_a_phonemizer_behind(monkeypatch, language):
    monkeypatch.setitem(extras._NEEDED, language, ("no_such_library",))
    extras.installed.cache_clear()
    try:
        with structlog.testing.capture_logs() as logs:
            assert not misaki().supports(language)
            assert not misaki().supports(language)
        assert misaki(fallbacks=[]).supports(language)
    finally:
        extras.installed.cache_clear()
    (log,) = logs
    assert (log["event"], log["missing"]) == ("language_left_to_next_phonemizer", ["no_such_library"])
    assert f"koe-g2p[{language}]" in log["fix"]


def test_unknown_words_can_always_be_spelt():
    assert phonemes(misaki(G2pConfig(unknown_words="spell")), "Wexley")[0].startswith("dˈʌbᵊl")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("languages", ("de",)),
        ("english", "scottish"),
        ("tagger", "guess"),
        ("unknown_words", "skip"),
    ],
)
def test_a_value_that_means_nothing_is_refused(key, value):
    with pytest.raises(ValueError, match=key):
        G2pConfig(**{key: value})


def test_a_language_that_needs_an_extra_says_which(monkeypatch):
    for name in ("misaki", "misaki.cutlet", "jieba"):
        monkeypatch.setitem(sys.modules, name, None)
    from koe_g2p import chinese, japanese

    chinese._libraries.cache_clear()
    japanese._cutlet.cache_clear()
    for language, text in (("ja", "猫"), ("zh", "猫")):
        with pytest.raises(UnsupportedLanguageError, match=rf"koe-g2p\[{language}\]"):
            misaki().phonemize(to_phonemize(text, language))


def test_importing_it_loads_no_lexicon_and_no_heavy_library():
    """Nor does it leave a stub of spaCy behind for those who have the real one."""
    code = (
        "import sys, koe_g2p; koe_g2p.G2pPlugin();"
        "heavy = {'misaki', 'spacy', 'torch', 'kokoro_onnx', 'num2words'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

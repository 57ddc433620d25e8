import pytest
from koe_espeak.variants import DEFAULT_VOICE, OPENAI_ALIASES, Voices

from .build import espeak


@pytest.fixture(scope="module")
def voices():
    access = espeak()
    yield Voices.of(access.voices(), access.variants())
    access.close()


@pytest.mark.parametrize("name", ["en-us", "en-us+f2", "de+m3", "EN-US+Annie", "fr-fr+klatt4"])
def test_every_language_with_every_variant_is_a_voice(voices, name):
    assert voices.find(name).described().name.lower() == name.lower()


@pytest.mark.parametrize("name", ["", "en-us+", "en-us+nobody", "+f2", "xx", "en-us+f2+f3", "en-us+../f2"])
def test_other_names_are_not(voices, name):
    """espeak-ng itself would speak an unknown variant with its default voice, silently."""
    assert voices.find(name) is None


def test_the_gender_is_the_variants(voices):
    assert voices.find("de+f2").gender == "female"
    assert voices.find("de+m2").gender == "male"


def test_the_default_comes_first_and_english_has_several(voices):
    names = [voice.name for voice in voices.listed()]
    assert names[0] == DEFAULT_VOICE == "en-us+f2"
    assert {"en-us", "en-gb+m3", "de", "cmn"} <= set(names)


def test_openais_names_are_thirteen_distinct_voices(voices):
    assert set(OPENAI_ALIASES) == set(
        "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
    )
    assert len(set(OPENAI_ALIASES.values())) == 13
    female = {alias for alias, name in OPENAI_ALIASES.items() if voices.find(name).gender == "female"}
    assert female == {"alloy", "coral", "nova", "sage", "shimmer", "marin"}


@pytest.mark.parametrize(
    ("name", "tag", "identifier"),
    [
        ("en-us+f2", "en-US", "gmw/en-US+f2"),
        ("en-us+f2", "de", "gmw/de+f2"),
        ("en-gb", "en", "gmw/en"),
        ("en-us-nyc", "en-US", "gmw/en-US-nyc"),
        ("en-us", "en-GB", "gmw/en"),
        ("en-us", "qaa", None),
    ],
)
def test_the_language_decides_the_pronunciation_and_the_voice_the_sound(voices, name, tag, identifier):
    assert voices.find(name).identifier(voices.languages, tag) == identifier

import re

import pytest
from koe_espeak.languages import Languages

from .build import espeak


@pytest.fixture(scope="module")
def languages():
    access = espeak()
    yield Languages.of(access.voices())
    access.close()


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en-US", "en-us"),
        ("en", "en-us"),
        ("EN_us", "en-us"),
        ("en-CA", "en-us"),
        ("en-GB", "en-gb"),
        ("en-AU", "en-gb"),
        ("es", "es"),
        ("es-MX", "es-419"),
        ("fr-FR", "fr-fr"),
        ("fr", "fr-fr"),
        ("fr-CA", "fr-fr"),
        ("pt-BR", "pt-br"),
        ("pt", "pt"),
        ("hi", "hi"),
        ("it", "it"),
        ("ja-JP", "ja"),
        ("zh", "cmn"),
        ("zh-Hans-CN", "cmn"),
        ("cmn-CN", "cmn"),
        ("yue", "yue"),
        ("zh-HK", "yue"),
        ("de-AT", "de"),
    ],
)
def test_a_tag_leads_to_the_nearest_voice(languages, tag, name):
    assert languages.find(tag).name == name


@pytest.mark.parametrize("tag", ["", "-", "qaa", "english", "tlh"])
def test_other_tags_lead_nowhere(languages, tag):
    assert languages.find(tag) is None


def test_every_voice_is_found_by_its_own_tag(languages):
    for language in languages.by_name.values():
        assert languages.find(language.tag) == language


def test_tags_are_written_as_bcp_47_recommends(languages):
    tags = {language.name: language.tag for language in languages.by_name.values()}
    assert tags["en-us"] == "en-US"
    assert tags["en-gb-x-rp"] == "en-GB-x-rp"
    assert tags["fa-latn"] == "fa-Latn"
    assert tags["en-us-nyc"] == "en-US-x-nyc"
    assert all(re.fullmatch(r"[a-z]{2,4}(-[A-Za-z0-9]{1,8})*", tag) for tag in tags.values())


def test_languages_without_a_dictionary_are_left_out(languages):
    """espeak-ng lists Faroese, but the data that espeakng-loader brings cannot speak it."""
    assert languages.find("fo") is None
    assert len(languages.by_name) > 130

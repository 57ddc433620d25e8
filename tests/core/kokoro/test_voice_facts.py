import pytest
from koe.kokoro.voice_facts import describe, openai_aliases
from koe.testing.tiny_model import VOICES
from koe.types import Voice

OPENAI = {
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin",
    "cedar",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "language", "gender", "grade"),
    [
        ("af_heart", "en-US", "female", "A"),
        ("am_adam", "en-US", "male", "F+"),
        ("bf_emma", "en-GB", "female", "B-"),
        ("ef_dora", "es", "female", None),
        ("ff_siwis", "fr-FR", "female", "B-"),
        ("hm_psi", "hi", "male", "C"),
        ("im_nicola", "it", "male", "C"),
        ("jf_nezumi", "ja", "female", "C-"),
        ("pm_santa", "pt-BR", "male", None),
        ("zm_yunxi", "zh-CN", "male", "D"),
        ("zf_001", "zh-CN", "female", None),
    ],
)
def test_name_and_published_grade_describe_a_voice(name, language, gender, grade):
    assert describe(name) == Voice(name, language, gender, grade)


@pytest.mark.parametrize("name", ["mine", "x_", "_x", "xyz_voice", "", "qx_odd"])
def test_a_name_without_the_prefix_is_american_english_of_unknown_gender(name):
    assert describe(name) == Voice(name, "en-US")


def test_all_of_openais_names_stand_for_different_released_voices():
    aliases = openai_aliases(VOICES)
    assert aliases.keys() == OPENAI
    assert len(set(aliases.values())) == len(OPENAI)


def test_only_voices_that_are_there_get_openais_names():
    assert openai_aliases(["af_alloy", "zf_001"]) == {"alloy": "af_alloy"}

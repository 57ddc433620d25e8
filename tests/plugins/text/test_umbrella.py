"""`normalize` does it all, by language."""

import pytest

from tests.plugins.text.build import texts


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en-US", "**It** is 5. Go 🎉!", ["It is five.", "Go!"]),
        ("fr-FR", "J'ai **3** chats. Oui.", ["J'ai trois chats.", "Oui."]),
        ("zh", "**5**个。好。", ["五个。", "好。"]),
        ("hi", "**5** बजे।", ["5 बजे।"]),
    ],
)
def test_a_text_is_cleaned_cut_and_read_in_its_language(language, text, sentences):
    assert texts("normalize", text, language) == sentences


def test_sentences_come_one_at_a_time(monkeypatch):
    """The first sentence is there before the second is looked at."""
    from tests.plugins.text.build import normalizer, segment

    made = iter(normalizer("normalize").normalize(segment("One 1.\n\nTwo 2.")))
    assert next(made).text == "One one."
    monkeypatch.setattr("koe_text.english.normalizer.apply", None)
    with pytest.raises(TypeError):
        next(made)

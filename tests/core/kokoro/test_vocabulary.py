import json
from pathlib import Path

import pytest
from koe.errors import KoeError, ModelFileError
from koe.kokoro.vocabulary import METADATA_KEY, load_vocabulary, tokens

MODEL = Path("model.onnx")
VOCABULARY = {"a": 43, "ˈ": 156, " ": 16}


def test_the_package_brings_the_vocabulary_of_v1_0():
    vocabulary = load_vocabulary({}, MODEL, None)
    assert len(vocabulary) == 114
    assert (vocabulary[" "], vocabulary["ʤ"]) == (16, 82)


def test_a_vocabulary_file_replaces_the_packages(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"vocab": VOCABULARY, "n_token": 178}), encoding="utf-8")
    assert load_vocabulary({}, MODEL, file) == VOCABULARY


def test_the_models_own_vocabulary_wins_over_a_file(tmp_path):
    metadata = {METADATA_KEY: json.dumps({"vocab": {"x": 7}})}
    assert load_vocabulary(metadata, MODEL, tmp_path / "not-even-read.json") == {"x": 7}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("{}", "KeyError"),
        ('{"vocab": {}}', "'vocab' is dict"),
        ('{"vocab": ["a"]}', "'vocab' is list"),
        ('{"vocab": {"a": "43"}}', "entries 'a': '43'"),
        ('{"vocab": {"a": true, "b": -1}}', "entries 'a': True, 'b': -1"),
    ],
)
def test_an_unusable_vocabulary_is_an_error_that_names_its_place(tmp_path, text, found):
    with pytest.raises(ModelFileError, match=rf"model\.onnx \(metadata 'kokoro_config'\).*found .*{found}"):
        load_vocabulary({METADATA_KEY: text}, MODEL, None)
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(ModelFileError, match=rf"config\.json: expected.*found .*{found}"):
        load_vocabulary({}, MODEL, file)


def test_a_vocabulary_file_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "config.json", tmp_path / "gone.json"):
        with pytest.raises(ModelFileError, match=file.name):
            load_vocabulary({}, MODEL, file)


def test_every_symbol_is_one_token():
    assert tokens("aˈa a", VOCABULARY, 510) == [43, 156, 43, 16, 43]


def test_unknown_symbols_are_an_error_that_names_them_all():
    with pytest.raises(KoeError, match=r"'q' \(U\+0071\), '̩' \(U\+0329\)"):
        tokens("aq̩aq", VOCABULARY, 510)


def test_the_limit_itself_is_spoken():
    assert len(tokens("a" * 510, VOCABULARY, 510)) == 510


@pytest.mark.parametrize("count", [0, 511])
def test_nothing_and_more_than_the_limit_are_errors_and_never_cut(count):
    with pytest.raises(KoeError, match=f"1 to 510 phoneme symbols, got {count}"):
        tokens("a" * count, VOCABULARY, 510)

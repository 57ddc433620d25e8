"""Keys themselves, and how one is recognised."""

import hmac
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe_auth import keys as module
from koe_auth.keys import Key, KeyConfig, KeyHash, Keys, check_keys, new_key, weakness

from tests.plugins.auth.build import KeyChain

CHAIN = KeyChain(**{f"key{number}": "speech" for number in range(7)})
KEYS = Keys.of(CHAIN.configs)


def test_a_new_key_has_256_random_bits():
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"koe_[A-Za-z0-9_-]{43}", key) for key in made)
    assert all(weakness(key) is None for key in made)


@pytest.mark.parametrize("name", CHAIN)
def test_each_key_is_found_by_its_text(name):
    found = KEYS.find(CHAIN[name].encode())
    assert found is not None
    assert found.name == name


@given(st.binary(max_size=100))
def test_anything_else_is_no_key(presented):
    assert KEYS.find(presented) is None


@pytest.mark.parametrize("presented", [*CHAIN.values(), new_key(), ""], ids=[*CHAIN, "a new one", "nothing"])
def test_every_digest_is_compared_in_constant_time_whatever_matches(monkeypatch, presented):
    """Which key it was, and whether there was one, cannot be told from the work that was done."""
    compared = []

    def compare(kept, given):
        compared.append((kept, len(given)))
        return kept == given

    monkeypatch.setattr(module, "compare_digest", compare)
    KEYS.find(presented.encode())
    assert compared == [(key.digest, 32) for key in KEYS.keys]


def test_the_comparison_is_the_standard_library_s():
    assert vars(module)["compare_digest"] is hmac.compare_digest
    assert KEYS.keys[0].digest == sha256(CHAIN["key0"].encode()).digest()


@pytest.mark.parametrize(
    "text",
    ["", "hunter2", new_key(), "sha256:", "sha256:abc", "SHA256:" + "0" * 64, "md5:" + "0" * 64],
    ids=["nothing", "a word", "a key", "no digest", "too short", "capitals", "another digest"],
)
def test_what_is_no_hash_is_refused_without_being_quoted(text):
    with pytest.raises(ValueError, match="koe auth new") as refused:
        KeyHash(text)
    assert len(text) < 8 or text not in str(refused.value)


def test_a_hash_is_shown_in_part():
    digits = sha256(b"x").hexdigest()
    kept = KeyHash(f"sha256:{digits}")
    for text in (str(kept), repr(kept), repr(KeyConfig(kept)), repr(Key("n", kept.digest, frozenset()))):
        assert digits[8:] not in text
    assert str(kept) == f"sha256:{digits[:8]}…"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "password",
        "x" * 31,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "koe_" + "ab" * 20,
        "ü" * 40,
        "a b" * 20,
    ],
)
def test_short_and_guessable_keys_are_weak(key):
    assert weakness(key)


def test_names_are_plain_and_keys_are_not_shared():
    one = KeyConfig(KeyHash.of("x"))
    for name in ("", " ", "a b", "a\nb", "-x", "x" * 65, "é"):
        with pytest.raises(ValueError, match="names of keys"):
            check_keys(None, None, {name: one})
    with pytest.raises(ValueError, match="'a' and 'b' have the same hash"):
        check_keys(None, None, {"a": one, "b": one})

"""docs/voices.md against the code."""

import re
from pathlib import Path

import attrs
import pytest
from koe.config import load
from koe.kokoro import plugin
from koe.kokoro.config import KokoroConfig
from koe.kokoro.voice_facts import OPENAI_NAMES, describe, openai_aliases
from koe.kokoro.voice_files import FOREIGN_SUFFIXES, MAX_PACK_VOICES, SUFFIXES
from koe.kokoro.voice_folder import MAX_VOICES, SETTLED_S
from koe.kokoro.voices import RAW_BYTES
from koe.mixes import MAX_SHARE, MAX_TERMS, WEIGHT_RANGE, parse_mix
from koe.plugins import load as load_plugins
from koe.testing.tiny_model import VOICES
from koe.voices import MAX_NESTING

PAGE = (Path(__file__).parents[2] / "docs" / "voices.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_letters_mean_what_the_table_says():
    rows = re.findall(r"^\| `(\w)` \| .*?\(`([\w-]+)`\) \|", section("Kokoro's names"), re.MULTILINE)
    assert len(rows) == 9
    assert all(describe(f"{letter}f_x").language == language for letter, language in rows)
    assert describe("narrator").language == "en-US"


def test_openai_s_names_stand_for_what_the_table_says():
    pairs = dict(re.findall(r"`(\w+)` \| `([abm-z][fm]_\w+)`", section("Kokoro's names")))
    assert pairs == openai_aliases(VOICES)
    assert pairs.keys() == OPENAI_NAMES


def test_every_mix_in_the_table_is_one():
    mixes = re.findall(r"^\| `([^`]+)` \|", section("Mixes"), re.MULTILINE)
    assert len(mixes) == 3
    assert all(len(parse_mix(mix) or ()) == 2 for mix in mixes)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Mixes", f"from {WEIGHT_RANGE[0]:.0e} to 1e9".replace("1e-09", "1e-9")),
        ("Mixes", f"at most\n{MAX_TERMS} voices"),
        ("Mixes", f"more than {MAX_SHARE:g} times"),
        ("Names of your own", f"up to {MAX_NESTING} in a row"),
        ("Voice files of your own", f"every {plugin.RESCAN_S:g} seconds"),
        ("Voice files of your own", f"{RAW_BYTES:,} bytes"),
        ("Voice files of your own", f"at most {MAX_VOICES} voices"),
        ("Voice files of your own", "within the last second"),
        *(("Voice files of your own", f"`{suffix}`") for suffix in FOREIGN_SUFFIXES),
        *(("Voice files of your own", suffix) for suffix in SUFFIXES),
    ],
)
def test_the_limits_are_those_of_the_code(title, said):
    assert said in section(title)
    assert WEIGHT_RANGE[1] == 1e9
    assert (SETTLED_S, MAX_PACK_VOICES) == (1.0, MAX_VOICES)


def test_its_settings_are_sound(tmp_path):
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        load_plugins(load([file]))


def test_the_key_for_the_folder_is_kokoro_s():
    assert "extra_voices" in {field.name for field in attrs.fields(KokoroConfig)}
    assert "extra_voices" in section("Voice files of your own")

"""Lexicons in TOML, with the line of everything."""

import re

import pytest
from koe.lexicon.contents import LexiconFileError
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.toml_file import read_toml
from koe.lexicon.toml_lines import line_of, lines

FILE = '''\
# names
language = "en"   # of all

[words]
nginx = "engine ex"
"Łódź" = "/wˈuʧ/"
'a=b' = """
two
lines"""

[[entries]] # [[entries]]
word = "read"
ipa = "ɹˈɛd"
part_of_speech = ["VBD", # past
  "VBN"]

[[entries]]
word = "SAP"
say = "[[entries]]"
case = "exact"
language = "de"
'''


def test_entries_have_their_lines_the_strict_ones_first():
    contents = read_toml("x.toml", FILE)
    assert [(one.entry.word, str(one.origin)) for one in contents.held] == [
        ("read", "x.toml, line 11"),
        ("SAP", "x.toml, line 17"),
        ("nginx", "x.toml, line 5"),
        ("Łódź", "x.toml, line 6"),
        ("a=b", "x.toml, line 7"),
    ]
    assert contents.held[1].entry == LexiconEntry("SAP", say="[[entries]]", language="de", case="exact")
    assert contents.held[3].entry == LexiconEntry("Łódź", ipa="wˈuʧ", language="en")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[words\n", ["x.toml: not valid TOML: .*line 1"]),
        ('a = 1\n[words]\nb = 2\nc = ""', ["line 3: words.b: expected a string", "line 1: a: unknown key"]),
        ('[words]\nx = ""\n"" = "y"', ["line 2: words.x: needs ipa or say", 'line 3: words."": word: must']),
        ('[[entries]]\nword = "x"\n\n[[entries]]\nword="y"\nsay="z"\nkase="exact"',
         [r"line 1: entries\[0\]: needs ipa or say", r"line 7: entries\[1\].kase: unknown key; .*case"]),
        ('[[entries]]\nword = "x"\nsay = "y"\npart_of_speech = "noon"', [r"line 4: .*'noon' is none"]),
        ('[[entries]]\nword = "x"\nsay = "y"\npart_of_speech = "noun"', [r"line 4: .*needs a language"]),
        ('[words]\nNginx = "y"\nnginx = "z"', ["line 3: .*'nginx' stands already at x.toml, line 2"]),
        ("words.x = 1", ["line 1: words.x: expected a string"]),
        ('entries = [{word="x"}]', [r"line 1: entries\[0\]: needs ipa or say"]),
        ("x = " + "[" * 5_000, ["nested too deeply|not valid TOML"]),
    ],
)  # fmt: skip
def test_all_mistakes_are_listed_with_their_lines(text, problems):
    with pytest.raises(LexiconFileError) as caught:
        read_toml("x.toml", text)
    assert len(caught.value.problems) == len(problems)
    for problem, expected in zip(caught.value.problems, problems, strict=True):
        assert problem.startswith("x.toml")
        assert re.search(expected, problem), problem


def test_endless_mistakes_are_not_all_listed():
    with pytest.raises(LexiconFileError) as caught:
        read_toml("x.toml", "[words]\n" + "".join(f'w{n} = ""\n' for n in range(1_000)))
    assert len(caught.value.problems) == 21
    assert "980 more mistakes" in caught.value.problems[-1]


def test_lines_are_those_of_statements_whatever_strings_and_comments_hold():
    text = """\
a = "x # no" # "
b = ''' [c]
d = 1 '''
e.f = [ 1,
  2 ] # ]
["g = 1".h]
i = { j = 1,
 k = 2 }
[[l.m]]
[[l.m]]
n = '[[l.m]]'
"""
    text = text.replace("{ j = 1,\n k = 2 }", "{ j = 1 }\n")
    assert lines(text) == {
        ("a",): 1,
        ("b",): 2,
        ("e", "f"): 4,
        ("g = 1", "h"): 6,
        ("g = 1", "h", "i"): 7,
        ("l", "m", 0): 9,
        ("l", "m", 1): 10,
        ("l", "m", 1, "n"): 11,
    }
    assert line_of(("l", "m", 1, "gone"), lines(text)) == 10
    assert line_of(("gone",), lines(text)) is None

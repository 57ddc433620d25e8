"""The lexicon of the config: read at the start, and again when files change."""

import threading

import pytest
import structlog
from koe.errors import ConfigError
from koe.lexicon.contents import LexiconFileError
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.files import load_lexicon
from koe.lexicon.store import CHECK_EVERY_S, Lexicons
from koe.settings import LexiconSettings


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def pass_a_second(self):
        self.now += CHECK_EVERY_S


@pytest.fixture
def clock():
    return Clock()


def says(lexicons, text="nginx"):
    return [hit.say for hit in lexicons.current().find(text, "en")]


def write(path, text):
    """A new version, as an editor leaves it: another file under the same name."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return str(path)


def test_entries_of_the_config_come_before_those_of_files_and_files_in_their_order(tmp_path):
    first = write(tmp_path / "a.toml", '[words]\na = "two"\nb = "two"')
    second = write(tmp_path / "b.toml", '[words]\na = "three"\nb = "three"\nc = "three"')
    entry = LexiconEntry("d", say="one")
    settings = LexiconSettings((first, second), {"a": "one"}, (entry,))
    assert says(Lexicons.of(settings), "a b c d") == ["one", "two", "three", "one"]


def test_a_changed_file_is_read_again_after_a_second(tmp_path, clock):
    path = tmp_path / "a.toml"
    lexicons = Lexicons.of(LexiconSettings((write(path, '[words]\nnginx = "one"'),)), clock)
    write(path, '[words]\nnginx = "two"')
    assert says(lexicons) == ["one"]
    clock.pass_a_second()
    with structlog.testing.capture_logs() as logs:
        assert says(lexicons) == ["two"]
    assert [(one["event"], one["entries"]) for one in logs] == [("lexicon_reloaded", 1)]


@pytest.mark.parametrize("broken", ["[words\n", '[words]\nnginx = ""', None])
def test_a_broken_version_keeps_the_last_good_one_and_is_told_once(tmp_path, clock, broken):
    path = tmp_path / "a.toml"
    lexicons = Lexicons.of(LexiconSettings((write(path, '[words]\nnginx = "one"'),)), clock)
    path.unlink() if broken is None else write(path, broken)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            clock.pass_a_second()
            assert says(lexicons) == ["one"]
    (told,) = logs
    assert (told["event"], told["log_level"]) == ("lexicon_not_reloaded", "error")
    assert str(path) in told["problems"][0]
    write(path, '[words]\nnginx = "two"')
    clock.pass_a_second()
    assert says(lexicons) == ["two"]


def test_what_the_engines_cannot_do_is_not_taken_in(tmp_path, clock):
    path = tmp_path / "a.toml"
    lexicons = Lexicons.of(LexiconSettings((write(path, '[words]\nnginx = "one"'),)), clock)
    lexicons.check = lambda held: [f"{one.origin}: no" for one in held if one.entry.say == "two"]
    write(path, '[words]\nnginx = "two"')
    clock.pass_a_second()
    with structlog.testing.capture_logs() as logs:
        assert says(lexicons) == ["one"]
    assert logs[0]["problems"] == [f"{path}, line 2: no"]


def test_nobody_waits_for_a_thread_that_reads(tmp_path, clock):
    path = tmp_path / "a.toml"
    lexicons = Lexicons.of(LexiconSettings((write(path, '[words]\nnginx = "one"'),)), clock)
    reading, go_on = threading.Event(), threading.Event()

    def held_up(_held):
        reading.set()
        assert go_on.wait(10)
        return ()

    lexicons.check = held_up
    write(path, '[words]\nnginx = "two"')
    clock.pass_a_second()
    reader = threading.Thread(target=lexicons.current)
    reader.start()
    assert reading.wait(10)
    assert says(lexicons) == ["one"]
    go_on.set()
    reader.join(10)
    assert says(lexicons) == ["two"]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    first = write(tmp_path / "a.toml", '[words]\n"" = "x"\ny = ""')
    second = write(tmp_path / "b.pls", "<lexicon>")
    files = (first, second, str(tmp_path / "gone.toml"), str(tmp_path / "x.csv"))
    with pytest.raises(ConfigError) as caught:
        Lexicons.of(LexiconSettings(files, {"z": ""}, ()))
    told = "\n".join(caught.value.problems)
    for part in (
        "lexicon.words.z: needs ipa or say",
        "a.toml, line 2",
        "a.toml, line 3",
        "b.pls: PLS: line 1, column 10",
        "gone.toml: cannot be read: No such file",
        "x.csv: a lexicon is a TOML file",
    ):
        assert part in told
    assert len(caught.value.problems) == 6


def test_lexemes_that_are_left_out_are_told(tmp_path):
    path = write(
        tmp_path / "b.pls",
        '<lexicon xml:lang="en">\n<lexeme role="q"><grapheme>a</grapheme><alias>b</alias></lexeme></lexicon>',
    )
    with structlog.testing.capture_logs() as logs:
        Lexicons.of(LexiconSettings((path,)))
    assert [(one["event"], one["log_level"]) for one in logs] == [("lexicon_entry_left_out", "warning")]
    assert f"{path}, line 2" in logs[0]["reason"]


def test_files_that_are_too_large_or_no_text_are_refused(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b'[words]\na = "\xff"')
    with pytest.raises(LexiconFileError, match="a.toml, line 2: not UTF-8"):
        load_lexicon(path)
    with pytest.raises(LexiconFileError, match=r"15 bytes are more .*\(10\)"):
        load_lexicon(path, max_bytes=10)

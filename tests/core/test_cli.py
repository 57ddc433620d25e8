"""The command line says what it does, and what is wrong, with exit codes that scripts can use."""

import io
import json
import subprocess
import sys
import tomllib
import wave

import pytest
from koe.cli.main import main
from koe.testing.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("koe_environment")


def _koe(capfd, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


def _wav_seconds(path):
    with wave.open(str(path)) as wav:
        return wav.getnframes() / wav.getframerate()


def test_say_writes_a_file_and_names_the_engine(capfd, tmp_path):
    code, out, err = _koe(capfd, "say", "Good morning.", "-o", tmp_path / "a.wav")
    assert (code, out) == (0, "")
    assert "engine espeak, voice en-us" in err
    assert 0.3 < _wav_seconds(tmp_path / "a.wav") < 3


def test_say_with_kokoro(capfd, tmp_path, tiny):
    options = ["--set", f'plugins.kokoro.dir="{tiny.dir}"', "--engine", "kokoro"]
    code, _, err = _koe(
        capfd, "say", "Good morning.", "-o", tmp_path / "a.wav", "--voice", "bf_emma", *options
    )
    assert code == 0
    assert "engine kokoro, voice bf_emma" in err


def test_say_warns_loudly_when_the_embedded_voice_stands_in(capfd, tmp_path):
    _, _, err = _koe(capfd, "say", "Hi.", "-o", tmp_path / "a.wav")
    assert "koe model download" in err


def test_say_reads_a_file_and_standard_input(capfd, tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text("Good morning to you.", encoding="utf-8")
    assert _koe(capfd, "say", "--file", tmp_path / "text.txt", "-o", tmp_path / "a.wav")[0] == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Good morning to you.")))
    assert _koe(capfd, "say", "-", "-o", tmp_path / "b.wav")[0] == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_say_writes_to_standard_output(capfdbinary):
    assert main(["say", "Hi.", "-o", "-", "--format", "pcm"]) == 0
    assert len(capfdbinary.readouterr().out) > 4_800


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["say"], "koe say"),
        (["say", "Hi."], "-o FILE"),
        (["say", "Hi.", "-o", "a.xyz"], "add --format"),
        (["say", "Hi.", "-o", "nowhere/a.wav"], "nowhere/a.wav cannot be written"),
        (["say", "Hi.", "-o", "a.wav", "--voice", "nobody"], "no voice 'nobody'"),
        (["say", "Hi.", "-o", "a.wav", "--speed", "9"], "speed must be from 0.25 to 4"),
        (["say", "--voise", "-o", "a.wav"], "Unknown option --voise"),
        (["say", "--file", "missing.txt", "-o", "a.wav"], "missing.txt cannot be read"),
        (["say", "Hi.", "-o", "a.wav", "--set", "engine.defautl=x"], "did you mean 'default'"),
        (["say", "Hi.", "-o", "a.wav", "--config", "missing.toml"], "missing.toml"),
        (["nonsense"], "nonsense"),
        (["plugins", "show", "nonsense"], "not installed"),
    ],
)
def test_wrong_usage_is_said_and_exits_with_2(capfd, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = _koe(capfd, *arguments)
    assert code == 2
    assert said in " ".join((out + err).split())
    assert list(tmp_path.iterdir()) == []


def test_kokoro_without_files_refuses_with_the_way_out(capfd, tmp_path):
    code, _, err = _koe(capfd, "say", "Hi.", "-o", tmp_path / "a.wav", "--engine", "kokoro")
    assert code == 1
    assert "koe model download" in err
    assert not (tmp_path / "a.wav").exists()


def test_a_failed_run_leaves_the_old_file_alone(capfd, tmp_path):
    target = tmp_path / "a.wav"
    target.write_bytes(b"old")
    assert _koe(capfd, "say", "...", "-o", target, "--voice", "nobody")[0] == 2
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_voices_lists_those_of_the_engine(capfd, tiny):
    code, out, _ = _koe(capfd, "voices", "--json")
    voices = {voice["name"]: voice for voice in json.loads(out)}
    assert code == 0
    assert voices["de"]["language"] == "de"
    _, out, _ = _koe(
        capfd, "voices", "--json", "--language", "en-GB", "--set", f'plugins.kokoro.dir="{tiny.dir}"'
    )
    assert {voice["name"] for voice in json.loads(out)} == {"bf_emma", "bm_fable", "bm_george"}


def test_voices_lists_saved_mixes_with_what_they_are_made_of(capfd, tiny):
    mix = "af_bella(2)+af_sky(1)"
    options = ["--set", f'plugins.kokoro.dir="{tiny.dir}"', "--set", f"voices.mixes.narrator={mix}"]
    code, out, _ = _koe(capfd, "voices", "--json", *options, "--set", "voices.aliases.hero=narrator")
    voices = {voice["name"]: voice for voice in json.loads(out)}
    assert code == 0
    assert (voices["narrator"]["mix"], voices["narrator"]["aliases"]) == (mix, "hero")
    assert (voices["af_sky"]["mix"], voices["af_sky"]["aliases"]) == (None, "shimmer")
    assert "hero" not in voices


def test_a_mix_of_voices_that_are_not_there_is_exit_code_2(capfd, tiny):
    options = ["--set", f'plugins.kokoro.dir="{tiny.dir}"', "--set", "voices.mixes.duo=af_bella+nobody"]
    code, _, err = _koe(capfd, "voices", "--engine", "kokoro", *options)
    assert code == 2
    assert "voices.mixes.duo: Engine 'kokoro' has no voice 'nobody'" in err


def test_config_show_prints_toml_that_gives_the_same_config(capfd, tmp_path):
    code, out, _ = _koe(capfd, "config", "show", "--set", "server.port=9000")
    assert code == 0
    assert tomllib.loads(out)["server"]["port"] == 9000
    assert "# --set" in out
    (tmp_path / "again.toml").write_text(out, encoding="utf-8")
    _, again, _ = _koe(capfd, "config", "show", "--config", tmp_path / "again.toml")
    assert tomllib.loads(again) == tomllib.loads(out)


def test_five_different_mistakes_are_listed_at_once(capfd, tmp_path):
    """Unknown key, wrong type, plugin not installed, unknown component, component named by nobody."""
    config = tmp_path / "five.toml"
    config.write_text(
        """
        [server]
        prot = 80
        [limits]
        max_concurrent = "four"
        [plugins]
        enabled = ["text", "espeak", "formats", "kokoro", "providers", "watermrk"]
        [pipeline]
        normalize = ["sentences", "emoji"]
        [engine]
        default = "espaek"
        """,
        encoding="utf-8",
    )
    code, _, err = _koe(capfd, "config", "check", "--config", config)
    assert code == 2
    assert "5 configuration errors" in err
    for key, said in {
        "server.prot": "did you mean 'port'",
        "limits.max_concurrent": "given 'four'",
        "plugins.enabled": "'watermrk' is not installed",
        "pipeline.normalize": "normalizer 'emoji'",
        "engine.default": "did you mean 'espeak'",
    }.items():
        line = next(line for line in err.splitlines() if key in line)
        assert "five.toml" in line
        assert said in line


def test_help_lists_the_commands(capfd):
    code, out, _ = _koe(capfd, "--help")
    assert code == 0
    for command in ("say", "serve", "voices", "plugins", "config", "model"):
        assert command in out


def test_help_says_what_each_command_does(capfd):
    code, out, _ = _koe(capfd, "--help")
    assert code == 0
    for words in ("Serve the HTTP API", "Speak a text", "Look into the cache"):
        assert words in out


def test_a_server_does_not_import_what_other_commands_need():
    """They would cost every start a fifth of a second."""
    code = "import sys, koe.cli.main, koe.cli.serve; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"koe.http.serve"} == {"koe.http.serve", "requests", "pooch", "rich.progress"} & {
        *found.stdout.split()
    }

"""`koe bench` against servers whose timing is planted, and against koe."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from itertools import count

import pytest
from koe.cli.main import main
from koe.testing.fakes import FakePlugin

from tests.core.bench.planted import Piece, Planted, planted, refusal
from tests.core.bench.sounds import encoded, pcm, streaming_wav_header, tone
from tests.server.harness import PATIENCE_S
from tests.server.live import live

SLACK_MS = 1500
"""A busy machine may be later than planted, never sooner."""


@pytest.fixture
def bench(capsys, tmp_path):
    """Runs `koe bench` and gives exit code, report (or None), standard output and error."""

    def run(url, *options):
        file = tmp_path / "report.json"
        code = main(["bench", "--url", url, "--json", str(file), *options])
        told = capsys.readouterr()
        return code, json.loads(file.read_text()) if file.exists() else None, told.out, told.err

    return run


def only_level(report):
    (level,) = report["levels"]
    return level


ONCE = ("--concurrency", "1", "--requests", "3", "--passes", "cold")


def test_a_wav_header_that_is_sent_early_is_no_audio(bench):
    pieces = [Piece(streaming_wav_header()), Piece(pcm(tone(0.5)), 0.3), Piece(pcm(tone(0.5)), 0.05)]
    with planted(lambda _: Planted(pieces, headers={"content-type": "audio/wav"})) as server:
        code, report, out, _ = bench(server.url, "--format", "wav", *ONCE)
    level = only_level(report)
    assert code == 0
    assert 300 <= level["first_audio_ms"]["p50"] < 300 + SLACK_MS
    assert 350 <= level["answer_ms"]["p50"] < 350 + SLACK_MS
    assert level["audio_s"] == pytest.approx(3.0)
    assert "first audio p50" in out


def test_ogg_headers_are_no_audio_either(bench):
    header, *rest = [piece for piece in encoded("opus", tone(1.0)) if piece]
    pieces = [Piece(header), *(Piece(piece, 0.3 if not n else 0.0) for n, piece in enumerate(rest))]
    with planted(lambda _: Planted(pieces, headers={"content-type": "audio/ogg"})) as server:
        _, report, _, _ = bench(server.url, "--format", "opus", *ONCE)
    assert only_level(report)["first_audio_ms"]["p50"] >= 300


def test_silence_ahead_is_audio_but_no_sound(bench):
    pieces = [Piece(bytes(4_800)), Piece(pcm(tone(0.5)), 0.2)]
    with planted(lambda _: Planted(pieces)) as server:
        _, report, _, _ = bench(server.url, *ONCE)
    level = only_level(report)
    assert level["first_sound_ms"]["p50"] >= level["first_audio_ms"]["p50"] + 190


def test_players_that_run_dry_are_counted(bench):
    dry = [Piece(pcm(tone(0.1))), Piece(pcm(tone(0.1)), 0.4)]
    steady = [Piece(pcm(tone(60.0))), Piece(pcm(tone(0.1)), 0.1)]
    turns = count()
    with planted(lambda _: Planted(dry if next(turns) % 2 else steady)) as server:
        _, report, _, _ = bench(server.url, "--concurrency", "1", "--requests", "4", "--passes", "cold")
        _, whole, _, _ = bench(server.url, "--whole", *ONCE)
    level = only_level(report)
    assert level["ran_dry"] == 2
    assert level["longest_gap_ms"] >= 290
    assert only_level(whole)["ran_dry"] is None
    assert server.bodies[-1]["stream"] is False
    assert "stream" not in server.bodies[0]


def test_rtf_and_throughput_are_those_of_the_planted_times(bench):
    with planted(lambda _: Planted([Piece(pcm(tone(10.0)), 0.2)])) as server:
        _, report, _, _ = bench(server.url, "--concurrency", "2", "--requests", "4", "--passes", "cold")
    level = only_level(report)
    assert 0.02 <= level["rtf"]["p50"] < 0.02 + SLACK_MS / 10_000
    assert level["audio_s_per_s"] == pytest.approx(40 / level["seconds"], rel=0.01)
    assert 5 < level["audio_s_per_s"] <= 101


def test_refusals_errors_and_answers_are_counted_apart(bench):
    answers = [
        Planted([Piece(pcm(tone(0.1)))]),
        refusal(503, retry_after_ms="10"),
        refusal(429, retry_after="0"),
        refusal(500, "the model fell over"),
        Planted([Piece(b"RIFF")], length=1000),
        Planted([Piece(b"x")]),
        Planted([Piece(pcm(tone(0.1)))]),
    ]
    turns = count()
    with planted(lambda _: answers[min(next(turns), 6)]) as server:
        code, report, out, _ = bench(server.url, "--concurrency", "1", "--requests", "8", "--passes", "cold")
    level = only_level(report)
    assert level["refused"] == {"503": 1, "429": 1}
    assert level["errors"] == {
        "500: the model fell over": 1,
        "the connection broke off": 1,
        "bad audio: it holds no audio": 1,
    }
    assert (level["answers"], level["requests"]) == (3, 8)
    assert code == 1
    assert "the model fell over" in out


def test_the_pause_after_a_refusal_is_no_time_of_answers(bench):
    turns = count()
    answers = [Planted([Piece(pcm(tone(0.1)))]), refusal(503, retry_after_ms="3000")]
    with planted(lambda _: answers[next(turns) > 1]) as server:
        _, report, _, _ = bench(server.url, "--concurrency", "1", "--requests", "2", "--passes", "cold")
    level = only_level(report)
    assert (level["answers"], level["refused"]) == (1, {"503": 1})
    assert level["seconds"] < 3


def test_answers_that_take_too_long_are_given_up(bench):
    turns = count()
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)), 60.0 if next(turns) else 0.0)])) as server:
        _, report, _, _ = bench(server.url, "--timeout", "0.3", "--requests", "2", *ONCE[:2], *ONCE[4:])
    assert only_level(report)["errors"] == {"not complete after 0.3 s": 2}


def test_the_duration_says_when_no_more_is_asked(bench):
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)), 0.02)])) as server:
        _, report, _, _ = bench(server.url, "--concurrency", "2", "--duration", "0.5", "--passes", "cold")
    level = only_level(report)
    assert level["answers"] >= 2
    assert level["seconds"] >= 0.5


def test_cold_texts_differ_and_cached_ones_come_again(bench):
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)))])) as server:
        _, report, out, err = bench(server.url, "--concurrency", "1,2", "--requests", "20")
    inputs = [body["input"] for body in server.bodies]
    cold, rest = inputs[:41], inputs[41:]
    assert len(set(cold)) == 41
    assert len(set(rest)) == 8
    assert not set(cold) & set(rest)
    assert [level["pass"] for level in report["levels"]] == ["cold", "cold", "cached", "cached"]
    assert "without a koe-cache header" in out
    assert "not koe" in err
    assert report["server"] == {"koe": False}


def test_the_cache_header_is_believed_and_what_it_says_is_told(bench):
    headers = {"content-type": "audio/pcm", "koe-cache": "hit"}
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)))], headers=headers)) as server:
        _, report, out, _ = bench(server.url, *ONCE)
    assert only_level(report)["cache"] == {"hit": 3}
    assert "(part of) 3 of 3 in a cache" in out


def test_texts_of_the_users_own_are_asked_for(bench, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("Uno.\n\nDos.\n", encoding="utf-8")
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)))])) as server:
        _, _, out, _ = bench(server.url, "--texts", str(file), "--voice", "alloy", *ONCE)
    assert [body["input"] for body in server.bodies] == ["Uno.", "Dos.", "3: Uno.", "4: Dos."]
    assert {body["voice"] for body in server.bodies} == {"alloy"}
    assert "more requests than texts" in out


def test_a_key_is_sent_and_a_missing_one_is_asked_for(bench, monkeypatch):
    def answer(_):
        return Planted([Piece(pcm(tone(0.1)))]) if "bearer s3cret" in server.keys else refusal(401, "no key")

    with planted(answer) as server:
        code, report, _, err = bench(server.url, *ONCE)
        assert (code, report) == (1, None)
        assert "asks for an API key (401: no key); give one with --api-key or KOE_API_KEY" in err
        monkeypatch.setenv("KOE_API_KEY", "s3cret")
        code, report, out, err = bench(server.url, *ONCE)
    assert code == 0
    assert "s3cret" not in out + err + json.dumps(report)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(400, "Unknown voice 'x'"), "answered 400 before the clock started: Unknown voice 'x'"),
        (
            Planted([Piece(b"<html>")], headers={"content-type": "text/html"}),
            "with text/html instead of audio",
        ),
        (Planted([Piece(b"x")]), "that are no pcm"),
        (Planted([Piece(b"")], length=100), "broke off a request before the clock started"),
    ],
)
def test_a_server_that_cannot_speak_is_told_before_anything_is_measured(bench, answer, said):
    with planted(lambda _: answer) as server:
        code, report, _, err = bench(server.url, *ONCE)
    assert (code, report) == (1, None)
    assert said in err


def test_what_was_measured_is_shown_where_the_server_then_ends_it(bench):
    turns = count()
    answers = [Planted([Piece(pcm(tone(0.1)))]), refusal(500, "the model fell over")]
    with planted(lambda _: answers[next(turns) > 3]) as server:
        code, report, out, err = bench(server.url, *ONCE[:4])
    assert code == 1
    assert only_level(report)["answers"] == 3
    assert report["interrupted"] is True
    assert "first audio p50" in out
    assert "answered 500 before the clock started: the model fell over" in err


def test_a_refusal_between_two_passes_is_waited_for(bench):
    turns = count()
    answers = [Planted([Piece(pcm(tone(0.1)))]), refusal(429, retry_after_ms="10")]
    with planted(lambda _: answers[next(turns) in {4, 5}]) as server:
        code, report, _, _ = bench(server.url, *ONCE[:4])
    assert code == 0
    assert [(level["pass"], level["answers"], level["refused"]) for level in report["levels"]] == [
        ("cold", 3, {}),
        ("cached", 3, {}),
    ]


def test_another_servers_capabilities_tell_nothing(bench):
    for told in (b'{"version": 1, "engines": 2, "formats": 3}', b"[]", b"no JSON"):
        with planted(lambda _: Planted([Piece(pcm(tone(0.1)))]), capabilities=told) as server:
            code, report, _, _ = bench(server.url, *ONCE)
        assert (code, report["server"]) == (0, {"koe": False})


def test_nobody_at_the_address(bench):
    code, _, _, err = bench("http://127.0.0.1:9", *ONCE)
    assert code == 1
    assert "does not answer" in err
    assert "koe serve" in err


def test_what_a_server_says_cannot_write_to_the_terminal(bench):
    with planted(lambda _: refusal(400, "red \x1b[31m\nalert" + 10_000 * "!")) as server:
        _, _, _, err = bench(server.url, *ONCE)
    assert "red [31m alert!!" in err
    assert len(err) < 1_000


def test_a_server_that_says_nothing_is_not_waited_for_without_end(bench):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        code, _, _, err = bench(url, "--timeout", "0.2", *ONCE)
    assert code == 1
    assert "did not answer GET /v1/capabilities within 0.2 s" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--url", "localhost:1"), "expected a URL such as"),
        (("--url", "http://127.0.0.1:99999"), "expected a URL such as"),
        (("--url", "http://[::1"), "expected a URL such as"),
        (("--url", "http://127.0.0.1/ä"), "expected a URL such as"),
        (("--format", "opux"), "cannot tell audio from headers in 'opux'"),
        (("--concurrency", "1,x"), "--concurrency: expected whole numbers"),
        (("--concurrency", "0"), "--concurrency: expected whole numbers"),
        (("--passes", "warm"), "expected cold or cached"),
        (("--requests", "0"), "--requests: expected at least 1"),
        (("--requests", "1", "--duration", "1"), "not both"),
        (("--duration", "-1"), "--duration: expected seconds above 0"),
        (("--timeout", "nan"), "--timeout: expected seconds above 0"),
        (("--texts", "/nowhere/texts"), "cannot be read"),
        (("--plot", "plot.bmp"), "expected a name that ends in .png"),
        (("--plot", "/nowhere/plot.png"), "there is no folder /nowhere"),
        (("--api-key", "a\nb"), "no header can hold"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(options, said, capsys):
    assert main(["bench", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_plot_without_matplotlib_is_refused_with_the_way_out(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "--plot", str(tmp_path / "a.png")]) == 1
    assert "pip install 'koe[bench]'" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_plot_is_written(bench, tmp_path, ending):
    pytest.importorskip("matplotlib")
    file = tmp_path / f"bench.{ending}"
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)))])) as server:
        bench(server.url, "--concurrency", "1,2", "--requests", "2", "--plot", str(file))
    assert file.stat().st_size > 5_000


def test_json_goes_to_standard_output_alone(capsys):
    with planted(lambda _: Planted([Piece(pcm(tone(0.1)))])) as server:
        assert main(["bench", "--url", server.url, *ONCE, "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["definitions"]) >= {"first_audio_ms", "rtf", "ran_dry", "cold", "cached"}


def test_interrupted_it_shows_what_was_measured():
    asked = threading.Event()

    def answer(body):
        if len(server.bodies) > 5:
            asked.set()
        return Planted([Piece(pcm(tone(0.1)), 3600.0 if asked.is_set() else 0.0)])

    with planted(answer) as server:
        command = [sys.executable, "-m", "koe.cli", "bench", "--url", server.url, *ONCE[:2]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KOE_")}
        process = subprocess.Popen(
            [*command, "--duration", "3600", "--json", "-"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert asked.wait(PATIENCE_S)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    report = json.loads(out)
    assert process.returncode == 130, err
    assert report["interrupted"] is True
    assert only_level(report)["answers"] == 4


def test_koe_tells_what_it_is(bench):
    with live(FakePlugin()) as server:
        code, report, out, err = bench(
            f"{server.url}/v1", "--format", "wav", "--concurrency", "2", "--requests", "10"
        )
    assert code == 0
    assert report["server"]["koe"] is True
    assert report["server"]["engines"][0]["name"] == "fake"
    assert [level["answers"] for level in report["levels"]] == [10, 10]
    assert "engine fake" in err
    assert "no cache" in out

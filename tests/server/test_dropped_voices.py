"""A voice file that is dropped into the folder of a running server is spoken, or refused for all to see."""

import httpx
from koe.testing.tiny_model import voice_table, write_tiny_model

from tests.server.harness import wait_until
from tests.server.live import KoeServer


def listing(server):
    return server.get("/v1/audio/voices").json()


def names(server):
    return {voice["id"] for voice in listing(server)["voices"]}


def speak(server, voice):
    body = {"input": "Hello.", "voice": voice, "response_format": "pcm"}
    return httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=30)


def test_files_come_and_go_without_a_restart(tmp_path):
    tiny, folder = write_tiny_model(tmp_path / "tiny"), tmp_path / "voices"
    folder.mkdir()
    options = [f"plugins.kokoro.dir={tiny.dir}", f"plugins.kokoro.extra_voices={folder}"]
    with KoeServer(*(part for option in options for part in ("--set", option))) as process:
        server = process.ready()
        assert speak(server, "bm_new").status_code == 400
        (folder / "bm_new.bin").write_bytes(voice_table("bm_new").tobytes())
        (folder / "bad.bin").write_bytes(b"too short")
        wait_until(lambda: "bm_new" in names(server), "the new voice is listed")
        [voice] = [voice for voice in listing(server)["voices"] if voice["id"] == "bm_new"]
        assert (voice["language"], voice["gender"]) == ("en-GB", "male")
        answer = speak(server, "bm_new(2)+af_sky")
        assert (answer.status_code, answer.headers["koe-voice"][:6]) == (200, "bm_new")
        [refused] = wait_until(lambda: listing(server)["refused"], "the bad file is refused")
        assert (refused["file"], "found 9 bytes" in refused["reason"]) == ("bad.bin", True)
        assert "bad" not in names(server)
        (folder / "bm_new.bin").unlink()
        wait_until(lambda: "bm_new" not in names(server), "the voice is gone")
        assert speak(server, "bm_new").json()["error"]["code"] == "voice_not_found"
        assert [event["file"] for event in server.events("voice_file_refused")] == ["bad.bin"]

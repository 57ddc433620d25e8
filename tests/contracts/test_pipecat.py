"""Pipecat: the request of its `OpenAITTSService`, made as it makes it, with the AsyncOpenAI client.

Pipecat itself is not installed here: it pins older releases of libraries that koe's own tests need.
"""

import openai
import pytest

VOICES = "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()
"""The only names that it lets through."""
CHUNK_BYTES = 24_000
"""It reads half a second at a time: `chunk_size` at 24 kHz."""
TEXT = "Good morning. The quick brown fox jumps over the lazy dog, and runs away! Does it come back?"


async def frames(base_url, text=TEXT, **fields):
    """The pieces of sound that it would hand on, and the headers."""
    params = {"input": text, "model": "gpt-4o-mini-tts", "voice": "alloy", "response_format": "pcm", **fields}
    async with openai.AsyncOpenAI(api_key="none", base_url=base_url) as client:
        async with client.audio.speech.with_streaming_response.create(**params) as response:
            assert response.status_code == 200
            return [chunk async for chunk in response.iter_bytes(CHUNK_BYTES) if chunk], response.headers


async def test_pcm_comes_in_chunks_of_whole_samples(base_url):
    """It wraps every chunk as 24 kHz s16le mono sound, so none may end in the middle of a sample."""
    chunks, headers = await frames(base_url)
    assert "content-length" not in headers
    assert [len(chunk) for chunk in chunks[:-1]] == [CHUNK_BYTES] * (len(chunks) - 1)
    assert len(chunks) > 2
    assert len(chunks[-1]) % 2 == 0


@pytest.mark.parametrize("voice", VOICES)
async def test_each_of_the_13_voices_it_allows_speaks(base_url, voice):
    chunks, headers = await frames(base_url, "Hello.", voice=voice)
    assert sum(map(len, chunks)) > 4_800
    assert headers["koe-voice"][:3] in ("af_", "am_", "bm_")


async def test_instructions_are_accepted_and_reported_and_speed_is_followed(base_url):
    """It sends both where they are set."""
    plain, _ = await frames(base_url)
    fast, headers = await frames(base_url, instructions="Speak calmly.", speed=2.0)
    assert headers["koe-ignored"] == "instructions"
    assert sum(map(len, fast)) == pytest.approx(sum(map(len, plain)) / 2, rel=0.2)


async def test_the_sound_is_24_khz_whatever_engine_speaks(base_url):
    """It labels the sound with 24 kHz and never asks."""
    chunks, headers = await frames(base_url)
    assert headers["content-type"].startswith("audio/pcm")
    assert "rate=24000" in headers["content-type"] or "rate" not in headers["content-type"]
    assert sum(map(len, chunks)) / 48_000 > 2


async def test_a_bad_request_is_the_error_that_it_turns_into_a_frame(base_url):
    """It catches `BadRequestError`; other errors end its pipeline."""
    with pytest.raises(openai.BadRequestError):
        await frames(base_url, " ")

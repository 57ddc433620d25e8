"""The scheme `metadata` through the server: what another reader finds in the files."""

import io
from importlib.metadata import version

import av
import httpx
import pytest
from attrs import evolve
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin
from koe_watermark import WatermarkConfig, WatermarkPlugin

from tests.server.live import live

SETTINGS = evolve(FAKE_SETTINGS, pipeline=evolve(FAKE_SETTINGS.pipeline, postprocess=("watermark",)))
CONFIG = WatermarkConfig(schemes=("perth-implicit", "metadata"))


@pytest.fixture(scope="module")
def url():
    with live(FakePlugin(), WatermarkPlugin(CONFIG), settings=SETTINGS) as server:
        yield server.url


def _tags(data):
    with av.open(io.BytesIO(data)) as container:
        found = {**container.streams.audio[0].metadata, **container.metadata}
    return {name.lower(): text for name, text in found.items()}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "opus", "vorbis"])
def test_a_file_says_who_made_it(url, name, stream):
    body = {"input": "Hello there.", "response_format": name, "stream": stream, "voice": "bob"}
    answer = httpx.post(f"{url}/v1/audio/speech", json=body, headers={"x-request-id": "abc-123"})
    assert answer.headers["koe-watermark"] == "yes"
    tags = _tags(answer.content)
    made_by = tags["software" if name == "vorbis" else "encoded_by"]
    assert made_by.startswith(f"koe {version('koe')}")
    assert tags["comment"] == "synthetic speech; engine: fake; voice: bob; request: abc-123"


def test_raw_samples_carry_no_tags(url):
    body = {"input": "Hello there.", "response_format": "pcm"}
    answer = httpx.post(f"{url}/v1/audio/speech", json=body)
    assert b"synthetic" not in answer.content

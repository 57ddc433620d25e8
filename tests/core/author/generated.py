"""Does the work of the eight generated plugins, each loaded by its own `koe.toml`.

Run in a process of its own, which has the plugins on its path: `python generated.py PROJECTS RESULT`. What
each kind did is written to RESULT, as JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from koe.config import Configuration, load
from koe.http.service import KoeService
from koe.plugins import load as load_plugins
from koe.registry import Registry
from koe.testing.served import Served
from koe.testing.tiny_model import write_tiny_model
from koe.types import SpeechRequest

PROJECTS = Path(sys.argv[1])
TEXT = "IMHO it works, brb."


def loaded(kind: str, *assignments: str) -> tuple[Registry, Configuration]:
    """What the kind's `koe.toml` loads, with few other plugins: the test is about this one."""
    enabled = json.dumps(["text", "kokoro", "espeak", "formats", "providers", f"my-{kind}"])
    file = PROJECTS / f"koe-my-{kind}" / "koe.toml"
    configuration = load([file], assignments=[f"plugins.enabled={enabled}", *assignments])
    return load_plugins(configuration), configuration


async def spoken(kind: str, request: SpeechRequest, *assignments: str) -> dict[str, Any]:
    """One request, spoken by a service with the kind's plugin."""
    registry, configuration = loaded(kind, *assignments)
    service = KoeService(registry, configuration.settings)
    await service.start()
    try:
        made: list[dict[str, Any]] = []
        for _ in range(2):
            async with service.backend.speak(request) as speech:
                data = b"".join([piece async for piece in speech.encoded("whole")])
            made.append({"data": data, "seconds": speech.audio_s, "facts": dict(speech.facts)})
        report = await service.backend.cache_report()
        return {
            **made[1],
            "engine": service.backend.engines()[0],
            "hits": report.hits + report.answers.hits,
            "stored": sum(tier.stats.entries for tier in report.tiers if tier.stats),
        }
    finally:
        await service.stop()


async def everything() -> Mapping[str, object]:
    espeak, plain = 'engine.default="espeak"', SpeechRequest(TEXT, format="pcm")
    whole: Sequence[str] = [
        str(load_plugins(load([PROJECTS / f"koe-my-{kind}" / "koe.toml"])).states[-1].state)
        for kind in ("format", "normalizer", "processor", "engine", "provider", "cache", "markup", "routes")
    ]
    shorter = await spoken("format", plain, espeak)
    au = await spoken("format", SpeechRequest(TEXT, format="my-format"), espeak)
    normalize = 'pipeline.normalize=["my-normalizer","sentences"]'
    longer = await spoken("normalizer", plain, espeak, normalize)
    trembling = await spoken("processor", plain, espeak)
    tones = await spoken("engine", plain)
    cached = await spoken("cache", plain, espeak)
    slashes = SpeechRequest(TEXT.replace(",", " //"), format="pcm", markup="my-markup")
    paused = await spoken("markup", slashes, espeak)
    tiny = write_tiny_model(PROJECTS / "tiny", voices=("af_heart",))
    core = min(os.sched_getaffinity(0))
    pinned = await spoken(
        "provider",
        plain,
        'engine.default="kokoro"',
        'pipeline.phonemize=["espeak"]',
        f'plugins.kokoro.dir="{tiny.dir}"',
        f"plugins.my-provider.cores=[{core}]",
    )
    registry, configuration = loaded("routes", espeak)
    service = KoeService(registry, configuration.settings)
    await service.start()
    answer = await Served((), service.app, service.backend).request("GET", "/v1/my-routes")
    await service.stop()
    return {
        "states": whole,
        "format": au["data"][:4].decode() + au["data"][24:37].decode(),
        "normalizer": longer["seconds"] / shorter["seconds"],
        "processor": trembling["data"] != shorter["data"] and len(trembling["data"]) == len(shorter["data"]),
        "engine": tones["engine"].name,
        "provider": [pinned["engine"].execution_provider, sorted(os.sched_getaffinity(0)) == [core]],
        "cache": [cached["stored"], cached["hits"]],
        "markup": paused["seconds"] - shorter["seconds"],
        "routes": answer.json(),
    }


Path(sys.argv[2]).write_text(json.dumps(asyncio.run(everything())), encoding="utf-8")

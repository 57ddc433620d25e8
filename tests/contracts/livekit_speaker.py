"""Speaks with LiveKit's own client: `livekit_speaker BASE_URL TEXT '[{"model": …}, …]'`.

Prints what was heard for each set of options, as a JSON list. A process of its own, because livekit-agents
brings native threads and warnings along.
"""

import asyncio
import json
import sys
from typing import Any

from livekit.agents import APIConnectOptions, APIError
from livekit.plugins import openai


async def speak(base_url: str, text: str, options: dict[str, Any]) -> dict[str, object]:
    client = openai.TTS(base_url=base_url, api_key="none", **options)
    client.prewarm()
    try:
        async with client.synthesize(text, conn_options=APIConnectOptions(max_retry=0)) as stream:
            frames = [audio.frame async for audio in stream]
    except APIError as error:
        return {"error": type(error).__name__, "status": getattr(error, "status_code", 0), "body": error.body}
    finally:
        await client.aclose()
    return {
        "sample_rates": sorted({frame.sample_rate for frame in frames}),
        "channels": sorted({frame.num_channels for frame in frames}),
        "seconds": sum(frame.duration for frame in frames),
    }


async def main(base_url: str, text: str, options: list[dict[str, Any]]) -> list[dict[str, object]]:
    return [await speak(base_url, text, one) for one in options]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))))  # noqa: T201

"""`metadata`: who made a file, in the tags of its container. It leaves the audio as it is."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import ClassVar

from koe.api import StreamInfo

from koe_watermark.config import Options
from koe_watermark.schemes import Marker, Scheme

KEYS = ("generator", "engine", "voice", "request_id")


class Metadata(Scheme):
    """Provenance tags: `encoded_by` names koe and its version, `comment` engine, voice and request.

    Options are `generator`, `engine`, `voice` and `request_id`, each true unless it is set to false. Formats
    without tags (`pcm`) carry none, and whoever has the file can take them out.
    """

    name = "metadata"
    marks: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        super().__init__({})
        for key, value in options.items():
            if key not in KEYS or not isinstance(value, bool):
                raise ValueError(
                    f"plugins.watermark.options.metadata: {key} = {value!r} is not understood; it has "
                    f"{', '.join(KEYS)}, each true or false"
                )
        self._told = {key for key in KEYS if options.get(key, True)}

    def open(self, info: StreamInfo) -> Marker:
        raise NotImplementedError(f"scheme {self.name!r} writes tags and does not mark audio")

    def tags(self, info: StreamInfo) -> Mapping[str, str]:
        tags = {}
        if "generator" in self._told:
            tags["encoded_by"] = f"koe {version('koe')}"
        if comment := "; ".join(self._provenance(info)):
            tags["comment"] = comment
        return tags

    def _provenance(self, info: StreamInfo) -> list[str]:
        facts = {"engine": info.engine, "voice": info.voice, "request_id": info.request_id}
        told = {key: fact for key, fact in facts.items() if fact and key in self._told}
        said = [f"{key.removesuffix('_id')}: {fact}" for key, fact in told.items()]
        return ["synthetic speech", *said] if said or "generator" in self._told else []

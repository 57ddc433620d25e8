"""`[plugins.watermark]`."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import field, frozen
from attrs.validators import in_, min_len

from koe_watermark.detection_config import DetectConfig

Policy: TypeAlias = Literal["required", "best_effort"]
Options: TypeAlias = Mapping[str, bool | int | float | str]
"""One scheme's settings."""


@frozen
class WatermarkConfig:
    """What is marked, and what happens when it cannot be.

    Attributes:
        embed: whether audio is marked; `false` for servers that only detect.
        schemes: by name, in the order in which they mark; no other one is loaded.
        policy: `required`: audio that cannot be marked is not sent, the request fails; `best_effort`: it is
            sent unmarked, and the answer says `koe-watermark: no`.
        opt_out: names of the API keys that may ask for unmarked audio (`"watermark": false`).
        options: one table for each scheme that has settings.
        detect: what others may send to be checked.
    """

    embed: bool = True
    schemes: tuple[str, ...] = field(default=("perth-implicit",), validator=min_len(1))
    policy: Policy = field(default="required", validator=in_(("required", "best_effort")))
    opt_out: tuple[str, ...] = ()
    options: Mapping[str, Options] = field(factory=dict)
    detect: DetectConfig = field(factory=DetectConfig)

"""The plugin `bleep`."""

from collections.abc import Iterable

from koe.api import Normalizer, Plugin, hookimpl

from koe_bleep.config import BleepConfig
from koe_bleep.normalizer import Bleep


class BleepPlugin(Plugin):
    """Registers the normalizer `bleep`, which belongs into `pipeline.normalize`."""

    Config = BleepConfig

    def __init__(self, config: BleepConfig | None = None) -> None:
        super().__init__(config)
        self._normalizer = Bleep(BleepConfig() if config is None else config)

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return [self._normalizer]

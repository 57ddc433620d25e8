"""The plugin `telephone`."""

from collections.abc import Iterable

from koe.api import AudioProcessor, Plugin, hookimpl

from koe_telephone.config import TelephoneConfig
from koe_telephone.processor import Telephone


class TelephonePlugin(Plugin):
    """Registers the audio processor `telephone`, which belongs into `pipeline.postprocess`."""

    Config = TelephoneConfig

    def __init__(self, config: TelephoneConfig | None = None) -> None:
        super().__init__(config)
        self._processor = Telephone(TelephoneConfig() if config is None else config)

    @hookimpl
    def register_audio_processors(self) -> Iterable[AudioProcessor]:
        return [self._processor]

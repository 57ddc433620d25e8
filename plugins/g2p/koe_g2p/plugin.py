"""The plugin `g2p`."""

from collections.abc import Iterable

from koe.api import Phonemizer, Plugin, hookimpl

from koe_g2p.config import G2pConfig
from koe_g2p.phonemizer import MisakiPhonemizer


class G2pPlugin(Plugin):
    """Registers the phonemizer `misaki`."""

    Config = G2pConfig

    def __init__(self, config: G2pConfig | None = None) -> None:
        super().__init__(config)
        self._phonemizer = MisakiPhonemizer(G2pConfig() if config is None else config)

    @hookimpl
    def register_phonemizers(self) -> Iterable[Phonemizer]:
        return [self._phonemizer]

"""`[plugins.espeak]`."""

from attrs import field, frozen
from attrs.validators import ge, le


@frozen
class EspeakConfig:
    """What a deployment can choose about espeak-ng.

    Attributes:
        pitch: of the embedded voice, 0 to 99; 50 is each voice's own.
        word_gap: extra pause between the embedded voice's words, in espeak's unit of about 10 ms.
        library: path of another espeak-ng library (1.52 or newer) than `espeakng-loader`'s.
        data: path of the `espeak-ng-data` folder that belongs to it.
    """

    pitch: int = field(default=50, validator=[ge(0), le(99)])
    word_gap: int = field(default=0, validator=[ge(0), le(100)])
    library: str = ""
    data: str = ""

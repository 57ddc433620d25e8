"""`[plugins.telephone]`."""

from attrs import field, frozen
from attrs.validators import ge, le


@frozen
class TelephoneConfig:
    """What comes through the line.

    Attributes:
        low_hz: what is lower is cut off.
        high_hz: what is higher is cut off; nothing, where the engine's audio does not reach that high.
        transition_hz: over how many Hz the filter goes from passing to cutting off; steeper costs time.
        drive_db: how much louder the microphone is driven before it saturates; 0 leaves it linear.
    """

    low_hz: float = field(default=300.0, validator=[ge(50), le(2000)])
    high_hz: float = field(default=3400.0, validator=[ge(500), le(20_000)])
    transition_hz: float = field(default=150.0, validator=[ge(50), le(1000)])
    drive_db: float = field(default=6.0, validator=[ge(0), le(30)])

    def __attrs_post_init__(self) -> None:
        if self.high_hz - self.low_hz < self.transition_hz:
            raise ValueError(
                f"low_hz ({self.low_hz:g}) and high_hz ({self.high_hz:g}) must be at least transition_hz "
                f"({self.transition_hz:g}) apart"
            )

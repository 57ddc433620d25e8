"""Watermarking methods: what one has to do, and how those that the config names are found."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, ClassVar

from koe.api import Samples, StreamInfo

from koe_watermark.config import Options, WatermarkConfig

if TYPE_CHECKING:
    from koe_watermark.detector import Detector

ENTRY_POINT_GROUP = "koe_watermark.schemes"
"""Entry points here are named like their scheme and lead to its class."""


class Marker(ABC):
    """Marks one signal. Never called from two threads at once."""

    @abstractmethod
    def push(self, samples: Samples) -> Samples:
        """The marked audio that is ready, possibly none while some is held back.

        `samples` is finite float32 of shape `(n,)` and must not be changed. Any way of cutting a signal into
        pieces gives the same marked signal.
        """

    @abstractmethod
    def flush(self) -> Samples:
        """What was held back, after the last samples: in all as many come out as went in."""


class Scheme(ABC):
    """A watermarking method. Built once from its table in `[plugins.watermark.options]`, used by all threads.

    `__init__` raises `ValueError` for settings that it cannot follow.
    """

    name: ClassVar[str]
    marks: ClassVar[bool] = True
    """Whether it changes the audio. One that does not (it writes tags, or only detects) is never opened."""

    def __init__(self, options: Options) -> None:
        if options:
            raise ValueError(f"scheme {self.name!r} has no settings, but {', '.join(options)} given")

    @abstractmethod
    def open(self, info: StreamInfo) -> Marker:
        """A marker for one response, at `info.sample_rate`. What it raises is treated as `policy` says."""

    def tags(self, info: StreamInfo) -> Mapping[str, str]:  # noqa: ARG002 - most schemes write none
        """What marked files say of themselves (see `koe.api.AudioStream.tags`)."""
        return {}

    def detector(self) -> "Detector | None":
        """What finds the mark again; None where nothing can."""
        return None


def load_schemes(config: WatermarkConfig) -> tuple[Scheme, ...]:
    """The schemes that the config names, in its order.

    Raises:
        ValueError: a name that no distribution offers, or two do; settings without their scheme; a scheme
            that cannot be imported or refuses its settings.
        TypeError: an entry point that leads to something else than a scheme.
    """
    for name in config.options:
        if name not in config.schemes:
            raise ValueError(
                f"plugins.watermark.options.{name} is for a scheme that is not in use; add {name!r} to "
                f"plugins.watermark.schemes, or remove the table"
            )
    twice = sorted({name for name in config.schemes if config.schemes.count(name) > 1})
    if twice:
        raise ValueError(f"plugins.watermark.schemes lists {', '.join(twice)} twice; once marks as well")
    known = _installed()
    return tuple(_built(name, known, config.options.get(name, {})) for name in config.schemes)


def _installed() -> Mapping[str, Sequence[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        others = found.setdefault(entry.name, [])
        if all(entry.value != other.value for other in others):
            others.append(entry)
    return found


def _built(name: str, known: Mapping[str, Sequence[EntryPoint]], options: Options) -> Scheme:
    entries = known.get(name, ())
    if not entries:
        raise ValueError(
            f"plugins.watermark.schemes: no installed distribution offers the scheme {name!r} "
            f"(known: {', '.join(sorted(known)) or 'none'})"
        )
    if len(entries) > 1:
        owners = " and ".join(entry.dist.name if entry.dist else entry.value for entry in entries)
        raise ValueError(f"the scheme {name!r} is offered by {owners}; uninstall one of them")
    try:
        scheme_class = entries[0].load()
    except Exception as error:
        raise ValueError(f"scheme {name!r} cannot be imported: {type(error).__name__}: {error}") from error
    if not (isinstance(scheme_class, type) and issubclass(scheme_class, Scheme)):
        raise TypeError(f"scheme {name!r}: {entries[0].value} is not a subclass of koe_watermark.Scheme")
    return scheme_class(options)

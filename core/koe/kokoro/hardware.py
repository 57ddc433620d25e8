"""What a measurement or a tuned file holds for: the processor, its cores, and ONNX Runtime."""

import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from attrs import frozen

from koe.cores import usable_cores

_CPUINFO = Path("/proc/cpuinfo")
_X86 = frozenset({"x86_64", "amd64", "i386", "i686"})


@frozen
class Host:
    """One machine, as far as speed and integer arithmetic depend on it.

    Attributes:
        cpu: the processor's name.
        cores: those this process may use.
        wide_int8: whether sums of products of 8-bit numbers are exact. x86 processors before VNNI saturate
            them, unless the weights have 7 bits.
        onnxruntime: its version.
    """

    cpu: str
    cores: int
    wide_int8: bool
    onnxruntime: str

    @classmethod
    def current(cls) -> "Host":
        return cls(_processor(), usable_cores(), _wide_int8(), version("onnxruntime"))


@lru_cache(maxsize=1)
def _cpuinfo() -> dict[str, str]:
    """The first processor of `/proc/cpuinfo`; empty where there is none."""
    try:
        block = _CPUINFO.read_text("utf-8", "replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _processor() -> str:
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def _wide_int8() -> bool:
    if platform.machine().lower() not in _X86:
        return True
    flags = _cpuinfo().get("flags", "").split()
    return "avx512_vnni" in flags or "avx_vnni" in flags

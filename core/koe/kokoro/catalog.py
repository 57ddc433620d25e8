"""The released model files: where they are, how large they are, what they hash to.

Two releases publish different files under the same names, so a file is known by its release and name.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from koe.errors import ModelFileError
from koe.spelling import nearest

RELEASES = "https://github.com/thewh1teagle/kokoro-onnx/releases/download"
V1_0 = "model-files-v1.0"
V1_1 = "model-files-v1.1"
V1_1_ZH = "Kokoro-82M-v1.1-zh"
# A commit rather than `main`, which may move away from the digest below.
V1_1_ZH_ORIGIN = (
    "https://huggingface.co/hexgrad/Kokoro-82M-v1.1-zh/resolve/01e7505bd6a7a2ac4975463114c3a7650a9f7218"
)

COMMUNITY_REPOSITORY = "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX"
COMMUNITY_MODELS: Mapping[str, str] = MappingProxyType(
    {
        "fp32": "model.onnx",
        "fp16": "model_fp16.onnx",
        "int8": "model_quantized.onnx",
        "q4": "model_q4.onnx",
        "q4f16": "model_q4f16.onnx",
        "q8f16": "model_q8f16.onnx",
        "uint8": "model_uint8.onnx",
        "uint8f16": "model_uint8f16.onnx",
    }
)
"""Variant to file in the `onnx` folder of onnx-community's repository: koe loads these, without fetching."""


@frozen
class ReleasedFile:
    """One file of a release. `origin` is the URL of the folder that holds it; empty for kokoro-onnx's."""

    release: str
    name: str
    size_bytes: int
    sha256: str
    origin: str = ""

    @property
    def path(self) -> str:
        """Relative to the model folder and to a mirror's base URL, with `/`."""
        return f"{self.release}/{self.name}"

    def url(self, base_url: str = "") -> str:
        """Where to get the file; a mirror at `base_url` holds what a model folder holds."""
        if base_url:
            return f"{base_url.rstrip('/')}/{self.path}"
        return f"{self.origin or f'{RELEASES}/{self.release}'}/{self.name}"


@frozen
class Variant:
    """What one choice of `variant` needs, and when to choose it.

    `older` names the variant that an earlier release published under the same file name; in a folder of
    the user's own, it is taken for this one.
    """

    name: str
    model: ReleasedFile
    voices: ReleasedFile
    note: str
    vocabulary: ReleasedFile | None = None
    older: str = ""

    @property
    def files(self) -> tuple[ReleasedFile, ...]:
        return (self.model, self.voices, *((self.vocabulary,) if self.vocabulary else ()))

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


# Both releases carry this very file; one entry, so that it is fetched once.
VOICES = ReleasedFile(
    V1_1,
    "voices-v1.0.bin",
    28_214_398,
    "bca610b8308e8d99f32e6fe4197e7ec01679264efed0cac9140fe9c29f1fbf7d",
)

VARIANTS: tuple[Variant, ...] = (
    Variant(
        "fp32",
        ReleasedFile(
            V1_1,
            "kokoro-v1.0.onnx",
            325_505_369,
            "beb0d1848dee9a49da392cc3df26958d46cfa35d321edf434f52949153f0df3a",
        ),
        VOICES,
        "the default: full precision, reports word timings",
        older="fp32-v1.0",
    ),
    Variant(
        "fp16",
        ReleasedFile(
            V1_1,
            "kokoro-v1.0.fp16.onnx",
            163_527_961,
            "f3a290d384fbb27966d462905c71a46cef9e5fd00516b40df32a0b4afe77ac96",
        ),
        VOICES,
        "half the disk and download of fp32; meant for GPUs",
    ),
    Variant(
        "int8",
        ReleasedFile(
            V1_1,
            "kokoro-v1.0.int8.onnx",
            114_119_327,
            "ae315a79b623f244700e4afb9246c46a26066782e049ba174bf3ba433970ee9c",
        ),
        VOICES,
        "smallest; 0-25 % faster than fp32 on short segments, slower on long ones: measure first",
        older="int8-v1.0",
    ),
    Variant(
        "fp32-v1.0",
        ReleasedFile(
            V1_0,
            "kokoro-v1.0.onnx",
            325_532_387,
            "7d5df8ecf7d4b1878015a32686053fd0eebe2bc377234608764cc0ef3636a6c5",
        ),
        VOICES,
        "the first release's fp32, without word timings: to match an older installation",
    ),
    Variant(
        "int8-v1.0",
        ReleasedFile(
            V1_0,
            "kokoro-v1.0.int8.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        ),
        VOICES,
        "the first release's int8, without word timings: to match an older installation",
    ),
    Variant(
        "zh",
        ReleasedFile(
            V1_1,
            "kokoro-v1.1-zh.onnx",
            325_506_167,
            "859f9ded9f53be16c24857cdab3254a45da53c3afd5ba6ef134c7de3f822e326",
        ),
        ReleasedFile(
            V1_1,
            "voices-v1.1-zh.bin",
            53_815_880,
            "14cb6186c99e4f6016871405f62046c5df863ae27465cbdc4ee08be7dd703acd",
        ),
        "Kokoro v1.1-zh, full precision: Mandarin, with voices and a vocabulary of its own",
        vocabulary=ReleasedFile(
            V1_1_ZH,
            "config.json",
            3_228,
            "bc333efa5ce4ceff433c8c8e5d027a1eca0166001e4e4a62bea2d26ff7a46890",
            V1_1_ZH_ORIGIN,
        ),
    ),
)

DEFAULT_VARIANT = "fp32"
AUTO = "auto"
"""The variant that `koe model bench` found fastest here, else an optimized one, else the default."""
OPTIMIZED: Mapping[str, str] = MappingProxyType({"optimized": "fp32", "optimized-zh": "zh"})
"""What `koe model optimize` makes, and the variant that it makes it of."""


def variant_names(variants: Sequence[Variant] = VARIANTS) -> tuple[str, ...]:
    """Every name that `variant` may have.

    These are the catalogue's, those of onnx-community's layout, those of optimized models, and `auto`.
    """
    names = [variant.name for variant in variants]
    optimized = (name for name, base in OPTIMIZED.items() if base in names)
    return tuple(dict.fromkeys([*names, *COMMUNITY_MODELS, *optimized, AUTO]))


def released_variant(name: str, variants: Sequence[Variant] = VARIANTS) -> Variant | None:
    """The catalogue's entry, or None for a variant that koe cannot download.

    Raises:
        ModelFileError: nobody publishes a variant of this name.
    """
    for variant in variants:
        if variant.name == name:
            return variant
    if name in variant_names(variants):
        return None
    raise ModelFileError(_unknown(name, variant_names(variants)), param="variant")


def downloadable_variant(name: str, variants: Sequence[Variant] = VARIANTS) -> Variant:
    """The catalogue's entry, the default one for `auto`.

    Raises:
        ModelFileError: there is none of this name.
    """
    variant = released_variant(DEFAULT_VARIANT if name == AUTO else name, variants)
    if name in OPTIMIZED:
        raise ModelFileError(
            f"koe does not download variant {name!r}: `koe model optimize` makes it of {OPTIMIZED[name]!r}, "
            f"which `koe model download --variant {OPTIMIZED[name]}` fetches",
            param="variant",
        )
    if variant is None:
        known = ", ".join(variant.name for variant in variants)
        raise ModelFileError(
            f"koe does not download variant {name!r}: it is published at {COMMUNITY_REPOSITORY} only. "
            f"Put its onnx/{COMMUNITY_MODELS[name]} and voices folder into the model folder, "
            f"or choose one of: {known}",
            param="variant",
        )
    return variant


def _unknown(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown model variant {name!r}.{hint} The variants are: {', '.join(known)}"

"""What `koe plugins new` can write."""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Kind:
    """One kind of plugin, with the templates of the folder that is called like it.

    Attributes:
        noun: what the plugin brings, in words.
        registered: where a `Registry` has what it registers under its own name; empty for nothing.
        needs: the requirements of its distribution besides koe and attrs.
        untyped: modules that it imports and that have no types.
    """

    noun: str
    registered: str = ""
    needs: tuple[str, ...] = ()
    untyped: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "format": Kind(
        "a response format that makes Sun AU files", "formats", ("numpy>=2.0", "soxr>=0.5"), ("soxr.*",)
    ),
    "normalizer": Kind("a normalizer that says words in full", "normalizers"),
    "processor": Kind("an audio processor that makes the voice tremble", "audio_processors", ("numpy>=2.0",)),
    "engine": Kind("an engine that speaks in tones", "engines", ("numpy>=2.0",)),
    "provider": Kind(
        "an execution provider that keeps to some processor cores",
        "execution_providers",
        ("onnxruntime>=1.20",),
        ("onnxruntime.*",),
    ),
    "cache": Kind("a cache backend that forgets what is old", "cache_backends"),
    "markup": Kind("a markup in which a slash is a pause", "markup_parsers"),
    "routes": Kind("an HTTP route that tells how busy the server is", needs=("starlette>=1.0",)),
}
"""By the word that `--kind` takes."""

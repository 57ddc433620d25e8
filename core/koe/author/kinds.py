"""What `koe plugins new` can write."""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Kind:
    """One kind of plugin, with the templates of the folder that is called like it.

    Attributes:
        noun: what the plugin brings, in words.
        needs: the requirements of its distribution besides koe and attrs.
        untyped: modules that it imports and that have no types.
    """

    noun: str
    needs: tuple[str, ...] = ()
    untyped: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "format": Kind("a response format that makes Sun AU files", ("numpy>=2.0", "soxr>=0.5"), ("soxr.*",)),
    "normalizer": Kind("a normalizer that says words in full"),
    "processor": Kind("an audio processor that makes the voice tremble", ("numpy>=2.0",)),
    "engine": Kind("an engine that speaks in tones", ("numpy>=2.0",)),
    "provider": Kind(
        "an execution provider that keeps to some processor cores", ("onnxruntime>=1.20",), ("onnxruntime.*",)
    ),
    "cache": Kind("a cache backend that forgets what is old"),
    "markup": Kind("a markup in which a slash is a pause"),
    "routes": Kind("an HTTP route that tells how busy the server is", ("starlette>=1.0",)),
}
"""By the word that `--kind` takes."""

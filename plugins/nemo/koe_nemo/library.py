"""Which nemo_text_processing is installed, found without importing it."""

from importlib.metadata import PackageNotFoundError, version

from koe.api import ConfigError

DISTRIBUTION = "nemo_text_processing"
_NOT_INSTALLED = (
    f"the plugin 'nemo' needs {DISTRIBUTION}, which is not installed: "
    'pip install "koe-nemo[library]" (about 900 MB), or --disable nemo'
)


def library_version() -> str:
    """Such as "1.2.0".

    Raises:
        ConfigError: none is.
    """
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        raise ConfigError([_NOT_INSTALLED]) from None

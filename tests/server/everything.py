"""A server with every plugin that registers routes or middleware, the embedded voice, and keys or none."""

from pathlib import Path

from tests.plugins.auth.build import KeyChain

_CONFIG = """
[plugins]
enabled = [
    "text", "espeak", "formats", "ssml", "normalize", "cache", "watermark",
    "metrics", "cors", "security", "compression", {auth}"ratelimit",
]

[plugins.ratelimit]
requests = "1000000/second"

[plugins.watermark]
embed = false

[pipeline]
normalize = ["normalize", "sentences"]

[engine]
default = "espeak"

[limits]
max_characters = 2000
max_concurrent = 64
body_timeout_s = 1.0
"""


def config_with_everything(folder: Path, *, keys: bool) -> tuple[Path, dict[str, str]]:
    """The config file, written into `folder`, and the headers that its server wants."""
    config = folder / "koe.toml"
    if not keys:
        config.write_text(_CONFIG.format(auth=""))
        return config, {}
    chain, kept = KeyChain(everybody="speech detect admin"), folder / "keys.toml"
    chain.write(kept, "everybody")
    config.write_text(_CONFIG.format(auth='"auth", ') + f'\n[plugins.auth]\nkeys_file = "{kept}"\n')
    return config, chain.header("everybody")

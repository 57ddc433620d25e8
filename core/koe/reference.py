"""The reference of every core key, made from `koe.settings`: `config/default.toml` and a table for the docs.

`python -m koe.reference` rewrites both in a source tree, and the pages of plugins' keys, commands and the
hook API.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from koe import reference_cli, reference_plugins, toml
from koe.author.pages import pages
from koe.docstrings import described
from koe.settings import Settings
from koe.wording import allowed_values, expected, limit

BEGIN = "<!-- keys: written by python -m koe.reference -->"
END = "<!-- end of keys -->"

_HEADER = """\
# Every key of koe's core with its default. A config file needs only the keys that it changes.
# Written by `python -m koe.reference` from core/koe/settings.py.
"""


@frozen
class Key:
    """A key of the core: its default as TOML, what it takes and what it means."""

    section: str
    name: str
    default: str
    takes: str
    meaning: str

    @property
    def dotted(self) -> str:
        return f"{self.section}.{self.name}"


def core_keys() -> Iterator[Key]:
    """Every key of the core in the order of `Settings`; plugins' own tables are theirs to describe."""
    defaults = Settings()
    for section in attrs.fields(Settings):
        instance = getattr(defaults, section.name)
        meanings = described(type(instance))
        for attribute in attrs.fields(type(instance)):
            if (section.name, attribute.name) != ("plugins", "tables"):
                default = toml.value(getattr(instance, attribute.name)) or ""
                takes = _takes(attribute.type, attribute.validator)
                yield Key(section.name, attribute.name, default, takes, meanings[attribute.name])


def _takes(type_: Any, validator: Any) -> str:
    words = None if allowed_values(type_) else limit(validator)
    return f"{expected(type_)} {words}" if words else expected(type_)


def default_toml() -> str:
    """`config/default.toml`."""
    blocks = [_HEADER]
    section = ""
    for key in core_keys():
        if key.section != section:
            section = key.section
            blocks.append(f"\n[{section}]\n")
        blocks.append(f"# {key.meaning}\n{key.name} = {key.default}\n")
    return "".join(blocks)


def key_table() -> str:
    """The table of every core key, in Markdown."""
    head = "| key | takes | default | meaning |\n|---|---|---|---|\n"
    rows = [
        f"| `{key.dotted}` | {key.takes} | `{key.default}` | {key.meaning} |".replace("\n", " ")
        for key in core_keys()
    ]
    return head + "\n".join(rows) + "\n"


def with_key_table(page: str) -> str:
    """A Markdown page with the table between its two markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{key_table()}\n{END}{after}"


def main(root: Path) -> None:
    """Rewrite the generated parts of the source tree at `root`."""
    (root / "config" / "default.toml").write_text(default_toml(), encoding="utf-8")
    page = root / "docs" / "configuration.md"
    page.write_text(with_key_table(page.read_text(encoding="utf-8")), encoding="utf-8")
    for kind in (reference_plugins, reference_cli):
        (root / kind.PAGE).write_text(kind.page(root), encoding="utf-8")
    for name, text in pages().items():
        path = root / "docs" / "plugins" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path.cwd())

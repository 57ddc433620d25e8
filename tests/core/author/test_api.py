"""The public API is documented whole, and changes on purpose only.

`python -m tests.core.author.test_api` stores it anew in `koe_api.txt`.
"""

import ast
import re
from pathlib import Path

import koe.api
import pytest
from koe.author import api_source
from koe.author.api_source import definitions, lines, public_names
from koe.author.pages import pages

STORED = Path(__file__).with_name("koe_api.txt")
ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs/plugins"


def test_the_api_is_the_one_that_is_stored():
    stored, now = STORED.read_text(encoding="utf-8").splitlines(), lines()
    gone = "\n".join(line for line in stored if line not in now)
    new = "\n".join(line for line in now if line not in stored)
    assert stored == now, (
        "The public API has changed. Plugins rely on it (docs/plugins/stability.md): what is gone needs a "
        "new major version of the hook API, what is new must have a default or a body. Where that is so, run "
        f"`python -m tests.core.author.test_api` and `python -m koe.reference`.\ngone:\n{gone}\nnew:\n{new}"
    )


def test_it_is_what_koe_api_offers():
    assert public_names() == koe.api.__all__
    assert [name for name in definitions() if not hasattr(koe.api, name)] == []


def test_every_name_says_what_it_is():
    assert [name for name, one in definitions().items() if not one.doc] == []


def test_whatever_plugins_must_write_says_what_it_is_to_do():
    undocumented = [
        f"{name}.{member.name}"
        for name, one in definitions().items()
        for member in one.members
        if member.line.startswith(("@abstractmethod", "@hookspec")) and not member.doc
    ]
    assert undocumented == []


@pytest.mark.parametrize("name", pages())
def test_the_reference_pages_are_up_to_date(name):
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run `python -m koe.reference` in the source tree"


def test_the_reference_pages_hold_every_name_once():
    headings = re.findall(r"^##+ `?(\w+)`?$", "".join(pages().values()), re.MULTILINE)
    assert [name for name in public_names() if headings.count(name) != 1] == []


def test_links_between_the_pages_lead_somewhere():
    for page in [*DOCS.glob("*.md"), ROOT / "docs/plugins.md"]:
        links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
        assert missing == [], page


def test_the_source_is_read_as_it_stands(tmp_path, monkeypatch):
    """Aliases are followed to where they are defined; overloads and private names are not shown."""
    (tmp_path / "api.py").write_text(
        'from koe.other import Inner as Outer\nfrom koe.other import SIZE\n__all__ = ["SIZE", "Outer"]\n',
        encoding="utf-8",
    )
    (tmp_path / "other.py").write_text(
        '''
SIZE = 3
"""How large."""
@frozen
class Inner(Base):
    """Something."""
    a: int
    """The first."""
    b: list[int] = field(factory=list)
    _c: int = 0
    @property
    def d(self) -> int:
        """The fourth."""
    @overload
    def e(self, x: int) -> int: ...
    def e(self, x: int | str, *, y: str = "z") -> int: ...
    def _f(self): ...
''',
        encoding="utf-8",
    )
    monkeypatch.setattr(api_source, "_PACKAGE", tmp_path)
    monkeypatch.setattr(
        api_source, "_tree", lambda module: ast.parse((tmp_path / f"{module[4:]}.py").read_text())
    )
    assert lines() == [
        "class Outer(Base)",
        "    Outer.a: int",
        "    Outer.b: list[int] = …",
        "    Outer.@property d(self) -> int",
        "    Outer.e(self, x: int | str, *, y: str='z') -> int",
        "SIZE = 3",
    ]
    assert definitions()["Outer"].members[0].doc == "The first."


if __name__ == "__main__":
    STORED.write_text("\n".join(lines()) + "\n", encoding="utf-8")

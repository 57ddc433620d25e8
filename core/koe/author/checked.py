"""What checking a plugin gives."""

from attrs import frozen


@frozen
class Told:
    """A test that did not pass, and why."""

    test: str
    reason: str


@frozen
class Checked:
    """How one component fared. `unchecked` says why it was not checked; empty where it was.

    Attributes:
        kind: what it is, such as `format`; `plugin` and `routes` are about a whole plugin.
        passed: how many tests passed.
    """

    plugin: str
    kind: str
    component: str
    unchecked: str = ""
    passed: int = 0
    failed: tuple[Told, ...] = ()
    skipped: tuple[Told, ...] = ()

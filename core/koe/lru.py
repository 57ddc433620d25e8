"""Values by key within a number of bytes; the least recently used go first."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")

OVERHEAD_BYTES = 256
"""What an entry is counted with besides its value: key, table slots, object headers."""


@define(eq=False)
class ByteLru(Generic[T]):
    """At most `max_bytes` of values, whose sizes `size_of` tells. Belongs to one thread.

    Attributes:
        bytes: what all entries are counted with.
    """

    max_bytes: int
    size_of: Callable[[T], int]
    bytes: int = field(default=0, init=False)
    _values: "OrderedDict[str, T]" = field(factory=OrderedDict, init=False)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> T | None:
        """The value, which becomes the most recently used one."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: T) -> bool:
        """Keep the value; False where it alone is larger than all may be."""
        self.drop(key)
        size = self._counted(value)
        if size > self.max_bytes:
            return False
        while self.bytes + size > self.max_bytes:
            _, oldest = self._values.popitem(last=False)
            self.bytes -= self._counted(oldest)
        self._values[key] = value
        self.bytes += size
        return True

    def drop(self, key: str) -> None:
        """Forget one value, where there is one."""
        value = self._values.pop(key, None)
        if value is not None:
            self.bytes -= self._counted(value)

    def clear(self) -> None:
        """Forget all values."""
        self._values.clear()
        self.bytes = 0

    def _counted(self, value: T) -> int:
        return self.size_of(value) + OVERHEAD_BYTES

"""Label values that cannot grow without end."""

MOST_VALUES = 64
OTHER = "other"


class BoundedLabel:
    """Lets the first `MOST_VALUES` values through; what comes later is `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= MOST_VALUES:
                return OTHER
            self._known.add(value)
        return value

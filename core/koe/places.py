"""Where in a text a mistake is, in words."""

_EXCERPT = 40


def place(text: str, position: int) -> str:
    """`line 2, column 7`, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"line {line}, column {column}"


def excerpt(text: str, position: int) -> str:
    """What stands at `position`, up to the end of its line, in quotes."""
    end = text.find("\n", position, position + _EXCERPT + 1)
    shown = text[position : position + _EXCERPT] if end < 0 else text[position:end]
    more = "…" if end < 0 and position + _EXCERPT < len(text) else ""
    return f"{shown!r}{more}"

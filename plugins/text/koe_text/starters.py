"""Words with which English sentences begin: they tell a full stop from that of an abbreviation."""

_WORDS = frozenset(
    """
    A After All Also An And Another As At Because Before But By Did Do Does For From Had Has He Her Here His
    How However I If In Is It It's Its Later Many Most My No Not Now On Once One Or Our She Since So Some That
    The Their Then There These They This Those To Was We Were What When Where Which While Who Why With Yes You
    Your
    """.split()
)


def begins_sentence(following: str) -> bool:
    """Whether what follows a full stop begins a sentence; another capital may be a name."""
    words = following.lstrip("\"'()”’“‘ \n\t").split(maxsplit=1)
    return not words or words[0].rstrip(",") in _WORDS

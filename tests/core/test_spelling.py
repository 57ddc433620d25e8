from koe.spelling import nearest, suggestion


def test_the_nearest_name_comes_first():
    assert nearest("prot", ["host", "port", "workers"]) == ["port"]


def test_letter_case_and_hyphens_do_not_matter():
    assert nearest("Max-Queued", ["max_queued", "max_concurrent"])[0] == "max_queued"


def test_nothing_is_guessed_where_nothing_is_near():
    assert nearest("colour", ["host", "port"]) == []


def test_a_word_of_a_megabyte_is_not_compared():
    assert nearest("port" * 250_000, ["port"] * 50) == []


def test_a_suggestion_names_the_near_names_or_else_all():
    assert suggestion("prot", ["host", "port"]) == "did you mean 'port'?"
    assert suggestion("colour", ["host", "port"]) == "known: 'host', 'port'"
    assert suggestion("colour", []) == "known: none"

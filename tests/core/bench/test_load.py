"""Clients of a level."""

import socket

from koe.bench.connection import Place
from koe.bench.load import Level
from koe.bench.target import Asking
from koe.bench.texts import Texts


async def test_a_server_that_accepts_no_more_connections_is_not_waited_for_without_end():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = Place.of(f"http://127.0.0.1:{full.getsockname()[1]}")
        found = await Level(Asking(place), Texts(1), clients=4, requests=4, timeout_s=0.2).run()
    assert found.errors == {"not complete after 0.2 s": 4}

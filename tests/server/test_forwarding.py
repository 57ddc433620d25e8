"""Who the client is behind proxies, and who cannot pretend to be whom."""

from ipaddress import ip_address

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from koe.config import load
from koe.http.forwarding import ForwardingMiddleware, Hop, Proxies, parsed
from koe.settings import ServerSettings
from starlette.datastructures import Headers

PROXY, OUTER, CLIENT = "10.0.0.1", "10.9.9.9", "203.0.113.7"
SETTINGS = ServerSettings(trusted_proxies=("10.0.0.0/8", "2001:db8:aa::/48"))
XFF, FORWARDED = "x-forwarded-for", "forwarded"

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
garbage = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    addresses,
    st.lists(addresses, max_size=4).map(", ".join),
    st.sampled_from(['for="', 'for="[', '"', "unknown", "for=_x;proto=https", "127.0.0.1", PROXY, ",,,", ""]),
)


async def seen(peer, headers, settings=SETTINGS, kind="http", scheme="http"):
    """The client and the scheme that the application sees."""
    scope = {
        "type": kind,
        "client": (peer, 1234),
        "scheme": scheme,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }

    async def app(scope, receive, send):
        pass

    await ForwardingMiddleware(app, settings=settings)(scope, None, None)  # type: ignore[arg-type]
    return scope["client"][0], scope["scheme"]


def believed(peer, headers, header=XFF):
    proxies = Proxies.of(evolve(SETTINGS, forwarded_header=header))
    return proxies.client(peer, Headers(raw=[(name.encode(), text.encode()) for name, text in headers]))


class TestForged:
    @given(st.sampled_from(["203.0.113.9", "127.0.0.1", "::1", "11.0.0.1"]), garbage, garbage, garbage)
    async def test_what_a_stranger_writes_changes_nothing(self, peer, one, two, three):
        headers = [(XFF, one), (FORWARDED, two), ("x-forwarded-proto", three), ("x-real-ip", one)]
        assert await seen(peer, headers) == (peer, "http")
        assert await seen(PROXY, headers, ServerSettings()) == (PROXY, "http")

    @given(addresses.filter(lambda one: not Proxies.of(SETTINGS).trust(ip_address(one))), garbage, garbage)
    def test_what_stands_before_a_trusted_proxy_s_word_changes_nothing(self, client, one, two):
        """A proxy appends to the header that the client sent, or adds a line of its own."""
        expected = str(parsed(client))
        joined = [(XFF, f"{one}, {two}, {client}")]
        own_line = [(XFF, one), (XFF, two), (XFF, client)]
        assert [hop and hop.address for hop in (believed(PROXY, joined), believed(PROXY, own_line))] == [
            expected
        ] * 2

    @given(addresses.filter(lambda one: not Proxies.of(SETTINGS).trust(ip_address(one))), garbage)
    def test_the_same_with_the_header_of_rfc_7239(self, client, forged):
        quoted = f'"[{client}]:4711"' if ":" in client else client
        for headers in (
            [(FORWARDED, f"{forged}, for={quoted};proto=https")],
            [(FORWARDED, forged), (FORWARDED, f"for={quoted};proto=https")],
        ):
            assert believed(PROXY, headers, FORWARDED) == Hop(str(parsed(client)), "https")

    async def test_the_other_header_is_never_read(self):
        """A proxy that writes one of them passes the other on as the client sent it."""
        assert await seen(PROXY, [(FORWARDED, f"for={CLIENT}")]) == (PROXY, "http")
        settings = evolve(SETTINGS, forwarded_header="forwarded")
        assert await seen(PROXY, [(XFF, CLIENT)], settings) == (PROXY, "http")


class TestBelieved:
    @pytest.mark.parametrize(
        ("peer", "value", "client"),
        [
            (PROXY, CLIENT, CLIENT),
            (PROXY, f"{CLIENT}:5000", CLIENT),
            (PROXY, f"1.2.3.4, {CLIENT}, {OUTER}", CLIENT),
            (PROXY, f"1.2.3.4, {OUTER}", "1.2.3.4"),
            (PROXY, OUTER, OUTER),
            (PROXY, f"unknown, {OUTER}", OUTER),
            (PROXY, "unknown", PROXY),
            (PROXY, f"{CLIENT},", PROXY),
            (PROXY, "2001:db8::5", "2001:db8::5"),
            (PROXY, "[2001:db8::5]:80", "2001:db8::5"),
            (PROXY, f"::ffff:{CLIENT}", CLIENT),
            ("2001:db8:aa::9", CLIENT, CLIENT),
            (f"::ffff:{PROXY}", CLIENT, CLIENT),
        ],
    )
    async def test_the_last_address_that_is_no_trusted_proxy_is_the_client(self, peer, value, client):
        assert (await seen(peer, [(XFF, value)]))[0] == client

    async def test_a_list_without_end_is_not_read_to_its_end(self):
        chain = ", ".join([CLIENT, *([OUTER] * 50_000)])
        assert (await seen(PROXY, [(XFF, chain)]))[0] == OUTER

    @pytest.mark.parametrize(
        ("kind", "scheme", "secure"), [("http", "http", "https"), ("websocket", "ws", "wss")]
    )
    async def test_the_scheme_is_the_proxy_s(self, kind, scheme, secure):
        headers = [(XFF, CLIENT), ("x-forwarded-proto", "https")]
        assert (await seen(PROXY, headers, kind=kind, scheme=scheme))[1] == secure
        headers[1] = ("x-forwarded-proto", "https, http")
        assert (await seen(PROXY, headers, kind=kind, scheme=scheme))[1] == scheme


def test_what_is_no_network_is_a_mistake_that_is_named():
    found = load(assignments=['server.trusted_proxies=["10.0.0.0/8", "nginx"]'])
    assert "server.trusted_proxies" in found.problems[0]
    assert "'nginx'" in found.problems[0]

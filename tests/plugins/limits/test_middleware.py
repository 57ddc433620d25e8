"""Who is refused, and what the answers say."""

import time

import httpx
import openai
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin
from koe_auth.config import AuthConfig
from koe_auth.plugin import AuthPlugin
from koe_limits.config import LimitsConfig, RateLimitConfig
from koe_limits.plugin import RateLimitPlugin
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.plugins.auth.build import KeyChain
from tests.plugins.limits.build import BODY, LOCAL, SPEECH, asked, limited
from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import live
from tests.server.stream_client import StreamClient

KEYS = KeyChain(alice="speech", bob="speech", root="speech admin")
STREAM = "/v1/audio/speech/stream"


def is_end(frame):
    return isinstance(frame, dict) and frame["type"] == "audio.done"


@pytest.fixture(params=["1.1", "2"])
def version(request):
    return {"http1": request.param == "1.1", "http2": request.param == "2"}


def test_requests_beyond_the_limit_are_refused_in_openai_s_way(version):
    with limited(requests="3/hour") as server:
        with httpx.Client(base_url=server.url, timeout=PATIENCE_S, **version) as client:
            answers = [client.post(SPEECH, json=BODY) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == [*"21000"]
    assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {"3"}
    last = answers[-1]
    assert last.json()["error"]["code"] == "rate_limit_exceeded"
    assert 0 < int(last.headers["retry-after"]) <= 3600
    assert 0 < int(last.headers["retry-after-ms"]) <= 3_600_000 + 10
    assert last.headers["x-ratelimit-reset-requests"].endswith("s")
    assert last.headers["x-request-id"]


def test_after_retry_after_there_is_room_again():
    with limited(requests="2/second") as server, httpx.Client(base_url=server.url) as client:
        while (answer := client.post(SPEECH, json=BODY)).status_code == 200:
            pass
        time.sleep(int(answer.headers["retry-after-ms"]) / 1000)
        assert asked(client) == [200]


def test_the_tightest_of_several_limits_counts_and_a_refusal_costs_nothing():
    with limited(requests="2/second; 4/hour") as server, httpx.Client(base_url=server.url) as client:
        statuses: list[int] = []
        deadline = time.monotonic() + PATIENCE_S
        while statuses.count(200) < 4 and time.monotonic() < deadline:
            statuses += asked(client)
        assert statuses.count(200) == 4
        answer = client.post(SPEECH, json=BODY)
        assert answer.headers["x-ratelimit-limit-requests"] in {"2", "4"}
        time.sleep(1.1)
        assert client.post(SPEECH, json=BODY).headers["x-ratelimit-limit-requests"] == "4"


def test_listings_and_health_are_not_counted():
    with limited(requests="1/hour") as server, httpx.Client(base_url=server.url) as client:
        for path in ("/health", "/v1/models", "/v1/audio/voices", "/"):
            answers = [client.get(path) for _ in range(3)]
            assert {answer.status_code for answer in answers} == {200}
            assert "x-ratelimit-limit-requests" not in answers[0].headers
        assert asked(client, 2) == [200, 429]


def test_the_openai_client_sees_its_own_error():
    with limited(requests="1/hour") as server:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            speak = lambda: client.audio.speech.create(model="tts-1", voice="ann", input="hello")  # noqa: E731
            speak()
            with pytest.raises(openai.RateLimitError) as refused:
                speak()
    assert refused.value.code == "rate_limit_exceeded"


class TestKeys:
    def test_each_key_has_its_own_account_wherever_it_comes_from(self):
        auth = AuthPlugin(AuthConfig(keys=KEYS.configs))
        with limited(auth, requests="2/hour", settings=LOCAL) as server:
            with httpx.Client(base_url=server.url) as client:
                for name in ("alice", "bob"):
                    header = KEYS.header(name)
                    moved = {**header, "x-forwarded-for": "203.0.113.5"}
                    assert asked(client, headers=header) + asked(client, 2, headers=moved) == [200, 200, 429]

    def test_keys_and_scopes_may_have_limits_of_their_own(self):
        auth = AuthPlugin(AuthConfig(keys=KEYS.configs))
        own = {
            "keys": {"bob": LimitsConfig(requests="1/hour")},
            "scopes": {"admin": LimitsConfig(requests="")},
        }
        with limited(auth, requests="2/hour", **own) as server, httpx.Client(base_url=server.url) as client:
            statuses = {name: asked(client, 3, headers=KEYS.header(name)) for name in KEYS}
        assert statuses == {"alice": [200, 200, 429], "bob": [200, 429, 429], "root": [200, 200, 200]}

    def test_a_key_in_the_wrong_order_of_plugins_is_said_in_the_log(self):
        plugins = (RateLimitPlugin(RateLimitConfig()), AuthPlugin(AuthConfig(keys=KEYS.configs)))
        with capture_logs() as events, live(FakePlugin(), *plugins) as server:
            asked_twice = [
                httpx.post(server.url + SPEECH, json=BODY, headers=KEYS.header("bob")) for _ in "12"
            ]
        assert [answer.status_code for answer in asked_twice] == [200, 200]
        assert [event["event"] for event in events].count("keys_not_counted") == 1


class TestAddresses:
    @pytest.fixture(scope="class")
    @classmethod
    def strict(cls):
        with limited(requests="1/hour") as server, httpx.Client(base_url=server.url) as client:
            asked(client)
            yield client

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "x-client-ip"]),
        st.ip_addresses().map(str),
    )
    def test_a_forged_address_changes_nothing(self, strict, header, address):
        value = f'for="{address}"' if header == "forwarded" else address
        assert asked(strict, headers={header: value}) == [429]

    def test_behind_a_trusted_proxy_each_client_has_its_own_account(self):
        with limited(requests="1/hour", settings=LOCAL) as server:
            with httpx.Client(base_url=server.url) as client:
                ask = lambda value: asked(client, headers={"x-forwarded-for": value})[0]  # noqa: E731
                assert [ask("203.0.113.5"), ask("203.0.113.5"), ask("203.0.113.6")] == [200, 429, 200]
                assert [ask("198.51.100.1, 203.0.113.5"), ask("203.0.113.6, 203.0.113.5")] == [429, 429]
                assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [200, 429, 200]
                assert [ask("::ffff:203.0.113.5")] == [429]

    def test_more_addresses_than_are_told_apart_share_an_account(self):
        with limited(requests="2/hour", max_clients=3, settings=LOCAL) as server:
            with httpx.Client(base_url=server.url) as client:
                statuses = [
                    asked(client, headers={"x-forwarded-for": f"203.0.113.{number}"})[0]
                    for number in range(9)
                ]
                assert statuses == [200] * 5 + [429] * 4
                assert asked(client, 2, headers={"x-forwarded-for": "203.0.113.0"}) == [200, 429]


class TestQuota:
    """`hello` is half a second of audio with the fake engine, or so."""

    def test_audio_is_counted_as_it_is_made_and_refused_beyond_the_quota(self):
        with (
            limited(requests="", audio_seconds="1/hour") as server,
            httpx.Client(base_url=server.url) as client,
        ):
            statuses = []
            while 429 not in statuses:
                answer = client.post(SPEECH, json={**BODY, "input": "a word or two to speak of"})
                statuses.append(answer.status_code)
                assert len(statuses) < 100
            assert answer.json()["error"]["code"] == "insufficient_quota"
            assert answer.headers["x-should-retry"] == "false"
            assert answer.headers["x-ratelimit-limit-audio-seconds"] == "1"
            assert answer.headers["x-ratelimit-remaining-audio-seconds"] == "0"
            assert 3000 < int(answer.headers["retry-after"]) <= 3600
            assert statuses[0] == 200

    def test_a_session_ends_when_its_quota_is_used_up(self):
        with limited(requests="", audio_seconds="1/hour") as server:
            with connect(server.url.replace("http", "ws") + STREAM) as socket:
                client = StreamClient(socket)
                with pytest.raises(ConnectionClosed) as closed:
                    client.say("a word or two to speak of. " * 10)
                    client.send("input.flush")
                    while not is_end(client.frame()):
                        pass
                    # One message alone: what is sent to a closed connection may cost the close frame.
                    client.say("more")
                    while True:
                        client.frame()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1008
            with pytest.raises(InvalidStatus) as refused:
                connect(server.url.replace("http", "ws") + STREAM)
            assert refused.value.response.status_code == 429


def test_a_session_that_is_refused_for_want_of_room_is_told_of_the_limits_too():
    one_session = evolve(FAKE_SETTINGS, limits=evolve(FAKE_SETTINGS.limits, max_sessions=1))
    with limited(requests="9/hour", settings=one_session) as server:
        address = server.url.replace("http", "ws") + STREAM
        with connect(address) as first, pytest.raises(InvalidStatus) as refused:
            connect(address)
        assert first.response is not None
        answers = [first.response, refused.value.response]
    assert [answer.status_code for answer in answers] == [101, 503]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["8", "7"]


def test_the_document_says_what_may_be_refused():
    with limited() as server:
        document = httpx.get(f"{server.url}/openapi.json").json()
    responses = document["paths"][SPEECH]["post"]["responses"]
    assert "`rate_limit_exceeded`" in responses["429"]["description"]
    assert "retry-after" in responses["429"]["headers"]
    assert "x-ratelimit-remaining-requests" in responses["200"]["headers"]
    assert "429" not in document["paths"]["/v1/models"]["get"]["responses"]


def test_audio_of_the_last_moment_is_counted_before_the_server_ends():
    with limited(requests="", audio_seconds="100/hour") as server:
        assert httpx.post(server.url + SPEECH, json=BODY).status_code == 200
        server.stop()
        wait_until(lambda: not server.thread.is_alive(), "the server has ended")

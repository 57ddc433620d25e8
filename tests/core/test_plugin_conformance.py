"""The conformance classes for plugins and routes find what is wrong with one."""

import time
from contextlib import nullcontext
from itertools import count
from typing import Any, ClassVar

import pytest
from attrs import define, evolve, frozen
from koe.api import DescribedRoute, ExecutionProvider, Normalizer, Plugin, Prosody, hookimpl
from koe.problems import UnsupportedTypeError
from koe.testing.conformance.normalizers import NormalizerConformance
from koe.testing.conformance.plugins import PluginConformance
from koe.testing.conformance.providers import ExecutionProviderConformance
from koe.testing.conformance.routes import RoutesConformance
from starlette.responses import JSONResponse
from starlette.routing import Route

NUMBERS = count()


@frozen
class SoundConfig:
    size: int = 1


@define
class LooseConfig:
    size: int = 1


@frozen
class OddConfig:
    size: complex = 1j


class SoundPlugin(Plugin):
    Config = SoundConfig


class LoosePlugin(Plugin):
    Config = LooseConfig


class OddPlugin(Plugin):
    Config = OddConfig


class Numbered(Normalizer):
    def __init__(self):
        self.name = f"number-{next(NUMBERS)}"

    def normalize(self, segment):
        yield segment


class ForgetfulPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Numbered()]


class TestSoundPlugin(PluginConformance):
    @pytest.fixture
    def plugin_class(self):
        return SoundPlugin


def test_a_config_that_can_be_changed_fails():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        PluginConformance().test_its_config_is_a_frozen_attrs_class(LoosePlugin, LooseConfig())


def test_a_config_with_a_type_that_files_do_not_have_fails():
    with pytest.raises(UnsupportedTypeError, match="complex"):
        PluginConformance().test_every_field_of_its_config_can_be_read_from_a_file(OddPlugin)


def test_a_plugin_that_registers_something_else_each_time_fails():
    with pytest.raises(AssertionError):
        PluginConformance().test_two_instances_register_the_same(ForgetfulPlugin, None)


async def _answer(_: Any) -> JSONResponse:
    return JSONResponse({})


async def _fails(_: Any) -> JSONResponse:
    raise ZeroDivisionError


class RoutePlugin(Plugin):
    routes: ClassVar[list[Route]] = []

    @hookimpl
    def register_routes(self, server):
        return self.routes


def _plugin(*routes):
    return type("OnePlugin", (RoutePlugin,), {"routes": list(routes)})()


async def test_a_route_that_fails_fails():
    with pytest.raises(AssertionError, match="answered b'' with 500"):
        await RoutesConformance().test_whatever_they_are_sent_they_answer_and_do_not_fail(
            _plugin(Route("/v1/x/{id}", _fails))
        )


async def test_a_path_that_ends_with_a_slash_fails():
    with pytest.raises(AssertionError):
        await RoutesConformance().test_paths_begin_with_a_slash_and_do_not_end_with_one(
            _plugin(Route("/v1/x/", _answer))
        )


async def test_a_scope_that_koe_does_not_have_fails():
    route = DescribedRoute("/v1/x", _answer, tag="x", summary="X", answer=SoundConfig, needs="everything")  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        await RoutesConformance().test_scopes_that_keys_need_are_koe_s(_plugin(route))


async def test_a_plugin_without_routes_fails():
    with pytest.raises(AssertionError):
        await RoutesConformance().test_it_registers_routes_beside_koe_s_own(_plugin())


async def test_sound_routes_pass():
    plugin = _plugin(
        Route("/v1/y", _answer),
        DescribedRoute("/v1/x/{id:int}", _answer, tag="x", summary="X", answer=SoundConfig, needs="speech"),
    )
    suite = RoutesConformance()
    await suite.test_it_registers_routes_beside_koe_s_own(plugin)
    await suite.test_paths_begin_with_a_slash_and_do_not_end_with_one(plugin)
    await suite.test_scopes_that_keys_need_are_koe_s(plugin)
    await suite.test_described_routes_are_in_the_api_document(plugin)
    await suite.test_whatever_they_are_sent_they_answer_and_do_not_fail(plugin)
    await suite.test_errors_have_koe_s_envelope(plugin)


class CpuProvider(ExecutionProvider):
    name = "some"
    onnxruntime_name = "CPUExecutionProvider"

    def __init__(self, reason):
        self.reason = reason

    def options(self):
        return {}

    def missing(self):
        return self.reason


class UnknownProvider(CpuProvider):
    onnxruntime_name = "NoExecutionProvider"


@pytest.mark.parametrize(
    ("provider", "sound"),
    [
        (CpuProvider(None), True),
        (CpuProvider("this process has no cores [9]"), True),
        (CpuProvider(" "), False),
        (UnknownProvider("it is not there"), True),
        (UnknownProvider(None), False),
    ],
)
def test_a_provider_that_onnx_runtime_lacks_needs_a_reason_and_others_may_have_one(provider, sound):
    with nullcontext() if sound else pytest.raises(AssertionError):
        ExecutionProviderConformance().test_says_why_it_is_missing(provider)


class NeutralNormalizer(Normalizer):
    """Forgets how the segment is to be spoken."""

    name = "wrong"

    def normalize(self, segment):
        yield evolve(segment, prosody=Prosody())


class ForgetfulNormalizer(NeutralNormalizer):
    def normalize(self, segment):
        yield evolve(segment, given=())


class RecklessNormalizer(NeutralNormalizer):
    """Rewrites what it must not."""

    def normalize(self, segment):
        yield segment.replace(0, 5, "Adieu") if segment.text.startswith("Hello") else segment


class SharedNormalizer(NeutralNormalizer):
    """Keeps a request's segment where the next one finds it."""

    def normalize(self, segment):
        self.segment = segment
        time.sleep(0.001)
        yield self.segment


@pytest.mark.parametrize(
    ("normalizer", "test"),
    [
        (NeutralNormalizer(), "test_keeps_voice_language_and_prosody"),
        (ForgetfulNormalizer(), "test_given_phonemes_survive"),
        (RecklessNormalizer(), "test_given_phonemes_survive"),
        (SharedNormalizer(), "test_threads_get_what_one_gets"),
    ],
)
def test_what_is_wrong_with_a_normalizer_is_found(normalizer, test):
    found = []
    suite = NormalizerConformance()
    for name in dir(suite):
        if name.startswith("test_"):
            try:
                getattr(suite, name)(normalizer)
            except (AssertionError, ValueError):
                found.append(name)
    assert found == [test]

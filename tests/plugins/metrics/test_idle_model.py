"""Metrics tell whether a model is in memory, and how long requests waited for it."""

import time

import httpx
import pytest
from attrs import define, evolve
from koe.settings import CacheSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_metrics import MetricsPlugin

from tests.core.cache.backends import CachePlugin, DictBackend
from tests.plugins.metrics.scrape import scraped, total
from tests.server.harness import PATIENCE_S, wait_until
from tests.server.live import live

LOAD_S = 0.5


@define(eq=False)
class SlowToLoad(FakeEngine):
    """Takes half a second to load its model."""

    def unload(self):
        pass

    def load(self):
        time.sleep(LOAD_S)


@pytest.fixture(params=["without a cache", "with a cache"])
def server(request):
    idle = evolve(
        FAKE_SETTINGS,
        engine=evolve(FAKE_SETTINGS.engine, unload_after_s=0.2),
        cache=CacheSettings(tiers=("dict",)),
    )
    backends = [CachePlugin(DictBackend())] if request.param == "with a cache" else []
    with live(FakePlugin(SlowToLoad()), MetricsPlugin(), *backends, settings=idle) as running:
        yield running


def test_a_load_is_a_stage_of_its_own_and_all_stages_add_up(server):
    wait_until(lambda: total(scraped(server.url), "koe_model_loaded", engine="fake") == 0, "it is unloaded")
    body = {"input": "One two three.", "response_format": "pcm"}
    answer = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
    assert answer.status_code == 200
    found = scraped(server.url)
    assert total(found, "koe_stage_seconds_sum", stage="load") >= LOAD_S
    assert total(found, "koe_stage_seconds_sum") == pytest.approx(
        total(found, "koe_request_seconds_sum"), rel=1e-3
    )
    assert total(found, "koe_inference_seconds_sum") < LOAD_S
    assert total(found, "koe_inference_wait_seconds_sum") < LOAD_S
    assert total(found, "koe_stage_seconds_sum", stage="infer") < LOAD_S

"""docs/monitoring.md, the dashboard and the alerts speak of metrics that exist, and of all of them."""

import json
import re
from pathlib import Path

import attrs
import httpx
import pytest
import yaml
from koe.api import Share
from koe.hooks import Load, RequestFinished, SegmentSynthesized
from koe.testing.fakes import FakePlugin
from koe_cors import CompressionConfig, CorsConfig, SecurityConfig
from koe_metrics import MetricsConfig, MetricsPlugin
from koe_metrics.instruments import Instruments
from koe_tracing import TracingConfig
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.server.live import live

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "deploy/grafana/koe.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
PROMETHEUS = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
_METRIC = re.compile(r"\bkoe_[a-z_]+\b")
_NOT_OURS = {"job", "instance"}


@pytest.fixture(scope="module")
def samples():
    """The label names of every sample in a real server's `/metrics`, after it has spoken."""
    with live(FakePlugin(), MetricsPlugin()) as server:
        spoken = httpx.post(f"{server.url}/v1/audio/speech", json={"input": "Hi.", "response_format": "wav"})
        assert spoken.status_code == 200
        text = httpx.get(f"{server.url}/metrics").text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def registered():
    """Type and labels of every metric."""
    registry = CollectorRegistry()
    instruments = Instruments(registry, "fake")
    metrics = [value for value in vars(instruments).values() if hasattr(value, "_labelnames")]
    return {
        f"{metric._name}{'_total' if metric._type == 'counter' else ''}": (metric._type, metric._labelnames)
        for metric in metrics
    }


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_metric_and_label_that_is_asked_for_exists(where, expression, samples):
    names = _METRIC.findall(expression)
    assert names or "up{" in expression
    assert set(names) <= set(samples), where
    selected = re.findall(r"([a-z_]+)\{([^}]*)\}", expression)
    for name, matchers in selected:
        labels = set(re.findall(r"(\w+)\s*=~?", matchers))
        assert labels <= samples.get(name, set()) | _NOT_OURS, where
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        labels = {label.strip() for label in grouped.split(",")}
        assert labels <= set().union(*(samples.get(name, set()) for name in names)) | _NOT_OURS, where


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_expression_is_balanced_and_filters(where, expression):
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing), where
    assert "job" in expression, f"{where} mixes what belongs to others"


def test_the_dashboard_has_a_place_for_every_panel():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_dashboard_shows_every_metric(registered):
    shown = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())
        for name in _METRIC.findall(target["expr"])
    }
    assert shown == set(registered)


def test_every_alert_says_for_how_long_how_bad_and_what_to_do():
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 5
    for rule in rules:
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_prometheus_scrapes_the_default_path_and_loads_the_alerts():
    [job] = PROMETHEUS["scrape_configs"]
    assert job["metrics_path"] == MetricsConfig().path
    assert PROMETHEUS["rule_files"] == ["alerts.yml"]


def test_the_page_lists_every_metric_with_type_and_labels(registered):
    rows = re.findall(r"^\| `(koe_\w+)` \| (\w+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    listed = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert listed == registered


def test_everything_that_a_server_shows_is_listed(samples):
    """Also what something else than `Instruments` would count."""
    listed = set(re.findall(r"^\| `(koe_\w+)` \|", PAGE, re.MULTILINE))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in samples} == listed


def test_the_page_explains_every_stage():
    section = PAGE.partition("### Where the time goes")[2].partition("###")[0]
    explained = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert explained == ["stage", *(share.value for share in Share)]


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        (MetricsConfig, ""),
        (TracingConfig, ""),
        (CorsConfig, "plugins.cors."),
        (CompressionConfig, "plugins.compression."),
        (SecurityConfig, "plugins.security."),
    ],
)
def test_the_page_lists_every_key_with_its_default(config, prefix):
    for key in attrs.fields(config):
        row = re.search(rf"^\| `{re.escape(prefix + key.name)}` \| ([^|]*) \|", PAGE, re.MULTILINE)
        assert row, key.name
        shown = row[1].strip("`")
        default = getattr(config(), key.name)
        if isinstance(default, tuple):
            default = json.dumps(list(default))
        assert shown == str(default if not isinstance(default, bool) else str(default).lower()), key.name


@pytest.mark.parametrize("event", [RequestFinished, SegmentSynthesized, Load])
def test_every_field_of_what_plugins_are_told_is_described(event):
    page = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    for field in attrs.fields(event):
        assert f"`{field.name}`" in page, field.name

"""Schemes come from entry points, by name, and only those that the config names are loaded."""

import numpy as np
import pytest
from koe.api import StreamInfo
from koe_watermark import WatermarkConfig
from koe_watermark.metadata import Metadata
from koe_watermark.perth import PerthImplicit
from koe_watermark.schemes import load_schemes

from tests.plugins.watermark.build import Upside, offer


def _load(*schemes, **options):
    return load_schemes(WatermarkConfig(schemes=schemes, options=options))


def test_the_default_is_perths():
    (scheme,) = load_schemes(WatermarkConfig())
    assert isinstance(scheme, PerthImplicit)
    assert scheme.detector() is not None


def test_schemes_are_loaded_in_the_configs_order():
    assert [scheme.name for scheme in _load("metadata", "perth-implicit")] == ["metadata", "perth-implicit"]


def test_a_third_partys_scheme_is_found_and_gets_its_options(monkeypatch):
    offer(monkeypatch, upside="Upside")
    (scheme,) = _load("upside", upside={"delay": 5})
    assert isinstance(scheme, Upside)
    marker = scheme.open(StreamInfo(24_000))
    assert len(marker.push(np.zeros(10, np.float32))) == 5
    assert scheme.detector() is None


def test_a_scheme_that_is_not_named_is_not_imported(monkeypatch):
    offer(monkeypatch, broken="NoSuchClass")
    assert len(_load("perth-implicit")) == 1


@pytest.mark.parametrize(
    ("schemes", "options", "said"),
    [
        (("audioseal",), {}, r"the scheme 'audioseal' \(known: metadata, perth-implicit, strange\)"),
        (("perth-implicit", "perth-implicit"), {}, "lists perth-implicit twice"),
        (("perth-implicit",), {"metadata": {}}, "options.metadata is for a scheme that is not in use; add"),
        (("perth-implicit",), {"perth-implicit": {"gain": 2}}, "has no settings, but gain given"),
        (("metadata",), {"metadata": {"model": True}}, "model = True is not understood; it has generator"),
        (("metadata",), {"metadata": {"voice": "no"}}, "each true or false"),
    ],
)
def test_mistakes_are_named(monkeypatch, schemes, options, said):
    offer(monkeypatch, strange="NoScheme")
    with pytest.raises(ValueError, match=said):
        _load(*schemes, **options)


def test_an_entry_point_must_lead_to_a_scheme(monkeypatch):
    offer(monkeypatch, strange="NoScheme", gone="NoSuchClass")
    with pytest.raises(TypeError, match="build:NoScheme is not a subclass of koe_watermark.Scheme"):
        _load("strange")
    with pytest.raises(ValueError, match="'gone' cannot be imported: AttributeError"):
        _load("gone")


def test_one_name_from_two_distributions_is_refused(monkeypatch):
    offer(monkeypatch, metadata="Upside")
    with pytest.raises(ValueError, match="'metadata' is offered by .*; uninstall one of them"):
        _load("metadata")


@pytest.mark.parametrize("sample_rate", [7_999, 192_001])
def test_perths_scheme_says_which_sample_rates_it_marks(sample_rate):
    with pytest.raises(ValueError, match=f"8000 to 192000 Hz, not of {sample_rate} Hz"):
        PerthImplicit({}).open(StreamInfo(sample_rate))


def test_many_sample_rates_do_not_pile_up_filters():
    scheme = PerthImplicit({})
    for sample_rate in range(8_000, 8_040):
        scheme.open(StreamInfo(sample_rate))
    assert len(scheme._filters) <= 8


INFO = StreamInfo(24_000, request_id="r7", engine="kokoro", voice="af_heart")


def test_metadata_names_generator_engine_voice_and_request():
    tags = Metadata({}).tags(INFO)
    assert tags["encoded_by"].startswith("koe ")
    assert tags["comment"] == "synthetic speech; engine: kokoro; voice: af_heart; request: r7"


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        ({"generator": False}, {"comment": "synthetic speech; engine: kokoro; voice: af_heart; request: r7"}),
        (
            {"generator": False, "request_id": False, "voice": False},
            {"comment": "synthetic speech; engine: kokoro"},
        ),
        (dict.fromkeys(["generator", "request_id", "voice", "engine"], False), {}),
    ],
)
def test_each_tag_can_be_switched_off(options, tags):
    assert Metadata(options).tags(INFO) == tags


def test_metadata_does_not_mark():
    assert not Metadata.marks
    with pytest.raises(NotImplementedError):
        Metadata({}).open(INFO)

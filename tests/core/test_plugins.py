"""Only enabled plugins are imported; every mistake of every plugin is reported at once, with its owner."""

import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from attrs import frozen
from koe import plugins
from koe.api import Normalizer, Plugin, hookimpl
from koe.collect import Collector
from koe.config import load as load_configuration
from koe.errors import ConfigError
from koe.hooks import ENTRY_POINT_GROUP
from koe.registry import LoadedPlugin
from koe.settings import PipelineSettings, PluginsSettings
from koe.testing.build import registry_of
from koe.testing.fakes import FakePlugin


class Shout(Normalizer):
    name = "shout"

    def normalize(self, segment):
        yield segment


@frozen
class ShoutConfig:
    marks: int = 1


class ShoutPlugin(Plugin):
    Config = ShoutConfig

    @hookimpl
    def register_normalizers(self):
        return [Shout()]


class OtherShoutPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Shout()]


class BrokenPlugin(Plugin):
    def __init__(self):
        raise OSError("no such device")


class QuittingPlugin(Plugin):
    def __init__(self):
        sys.exit("that is all")


class UnmarkedPlugin(Plugin):
    def register_formats(self):
        return []


class MisspeltPlugin(Plugin):
    @hookimpl
    def register_fromats(self):
        return []


class WrongKindPlugin(Plugin):
    @hookimpl
    def register_formats(self):
        return [Shout()]


class FailingHookPlugin(Plugin):
    @hookimpl
    def register_formats(self):
        raise ValueError("no formats today")


class QuittingHookPlugin(Plugin):
    @hookimpl
    def register_formats(self):
        sys.exit(3)


class NamelessPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        nameless = Shout()
        nameless.name = ""
        return [nameless]


@pytest.fixture
def install(monkeypatch):
    """Makes entry points: `install(shout="ShoutPlugin")`."""

    def installed(group=ENTRY_POINT_GROUP, **targets):
        entries = [EntryPoint(name, f"{__name__}:{target}", group) for name, target in targets.items()]

        def entry_points(**wanted):
            return EntryPoints(entries).select(**wanted)

        monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
        monkeypatch.setattr(plugins, "entry_points", entry_points)

    return installed


def _load(text, tmp_path):
    config = tmp_path / "koe.toml"
    config.write_text(text, encoding="utf-8")
    return plugins.load(load_configuration([config]))


def _problems(text, tmp_path):
    with pytest.raises(ConfigError) as caught:
        _load(text, tmp_path)
    return caught.value.problems


def test_an_enabled_plugin_is_built_with_its_config(install, tmp_path):
    install(shout="ShoutPlugin")
    registry = _load('[plugins]\nenabled = ["shout"]\n[plugins.shout]\nmarks = 3', tmp_path)
    assert registry.normalizers["shout"].plugin == "shout"
    assert registry.plugins[0].config == ShoutConfig(3)
    assert [(state.name, state.state) for state in registry.states] == [("shout", "active")]


def test_a_plugin_that_is_not_enabled_is_not_imported(install, tmp_path):
    install(shout="ShoutPlugin", bad="NoSuchName")
    assert [state.name for state in _load('[plugins]\nenabled = ["shout"]', tmp_path).states] == ["shout"]


def test_five_different_mistakes_are_reported_at_once(install, tmp_path):
    """Unknown key, wrong type, plugin not installed, unknown component, duplicate component."""
    install(shout="ShoutPlugin", other="OtherShoutPlugin")
    problems = _problems(
        """
        [plugins]
        enabled = ["shout", "other", "shuot"]
        [server]
        prot = 80
        [limits]
        max_queued = "80"
        [pipeline]
        normalize = ["shuot"]
        """,
        tmp_path,
    )
    expected = {
        "server.prot": "did you mean 'port'?",
        "limits.max_queued": "expected an integer, given '80'",
        "plugins.enabled": "plugin 'shuot' is not installed; did you mean 'shout'?",
        "plugins.enabled: two": "one of plugin 'shout', one of plugin 'other'",
        "pipeline.normalize": "no enabled plugin registers normalizer 'shuot'; did you mean 'shout'?",
    }
    assert len(problems) == len(expected)
    for key, said in expected.items():
        assert any(p.startswith(f"{tmp_path}/koe.toml: {key}") and said in p for p in problems), problems


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("NoSuchName", "cannot be imported: AttributeError"),
        ("Shout", "is not a subclass of koe.api.Plugin"),
        ("BrokenPlugin", "cannot be built: OSError: no such device"),
        ("QuittingPlugin", "cannot be built: SystemExit: that is all"),
        ("UnmarkedPlugin", "UnmarkedPlugin.register_formats lacks @hookimpl"),
        ("MisspeltPlugin", "register_fromats"),
        ("WrongKindPlugin", "expected a AudioFormat"),
        ("FailingHookPlugin", "register_formats failed: ValueError: no formats today"),
        ("QuittingHookPlugin", "register_formats failed: SystemExit: 3"),
        ("NamelessPlugin", "has no `name`"),
    ],
)
def test_a_plugin_with_a_mistake_stops_the_start_and_is_named(install, tmp_path, target, said):
    install(bad=target, shout="ShoutPlugin")
    (problem,) = _problems('[plugins]\nenabled = ["bad", "shout"]', tmp_path)
    assert "plugin 'bad'" in problem
    assert said in problem


def test_a_plugin_whose_import_ends_the_program_is_named_too(monkeypatch, tmp_path):
    (tmp_path / "quits.py").write_text("import sys\nsys.exit(3)", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    entries = EntryPoints([EntryPoint("bad", "quits:BadPlugin", ENTRY_POINT_GROUP)])
    monkeypatch.setattr(plugins, "entry_points", entries.select)
    (problem,) = _problems('[plugins]\nenabled = ["bad"]', tmp_path)
    assert "plugin 'bad' (quits:BadPlugin) cannot be imported: SystemExit: 3" in problem


def test_a_plugin_that_is_not_required_fails_alone(install, tmp_path):
    install(bad="BrokenPlugin", shout="ShoutPlugin")
    registry = _load('[plugins]\nenabled = ["bad", "shout"]\n[plugins.bad]\nrequired = false', tmp_path)
    bad, shout = registry.states
    assert (bad.state, shout.state) == ("failed", "active")
    assert "no such device" in bad.error


def test_one_name_from_two_distributions_is_refused(install, monkeypatch, tmp_path):
    entries = [
        EntryPoint("shout", f"{__name__}:ShoutPlugin", ENTRY_POINT_GROUP),
        EntryPoint("shout", f"{__name__}:OtherShoutPlugin", ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda **_: entries)
    (problem,) = _problems('[plugins]\nenabled = ["shout"]', tmp_path)
    assert "is provided twice" in problem


@pytest.mark.parametrize(
    ("group", "way_out"),
    [
        ("koe.v0", "install a release of the plugin for this koe"),
        ("koe.v9", "for this koe, or a koe that has 'koe.v9'"),
    ],
)
def test_a_plugin_of_another_api_version_is_named_as_such(install, tmp_path, group, way_out):
    install(group=group, shout="ShoutPlugin")
    (problem,) = _problems('[plugins]\nenabled = ["shout"]', tmp_path)
    assert f"is built for the hook API '{group}', this koe has 'koe.v1'" in problem
    assert problem.endswith(way_out)


def test_plugins_of_other_api_versions_are_found_unless_they_have_this_one_too(monkeypatch):
    groups = {"koe.v0": ("old", "both"), ENTRY_POINT_GROUP: ("both",), "koe.v2": ("new",), "koe.x": ("none",)}
    entries = EntryPoints(
        EntryPoint(name, "some:Plugin", group) for group, names in groups.items() for name in names
    )
    monkeypatch.setattr(plugins, "entry_points", entries.select)
    found = {name: [entry.group for entry in found] for name, found in plugins.of_other_versions().items()}
    assert found == {"new": ["koe.v2"], "old": ["koe.v0"]}


def test_one_plugin_is_loaded_alone_with_its_table(install, tmp_path):
    install(shout="ShoutPlugin", bad="BrokenPlugin")
    config = tmp_path / "koe.toml"
    config.write_text('[plugins]\nenabled = ["bad"]\n[plugins.shout]\nmarks = 3', encoding="utf-8")
    registry = plugins.load_alone(load_configuration([config]), "shout")
    assert [(one.name, one.config) for one in registry.plugins] == [("shout", ShoutConfig(3))]


def test_a_plugin_that_is_loaded_alone_must_load(install):
    install(bad="BrokenPlugin")
    with pytest.raises(ConfigError, match=r"^1 configuration error:\n  - plugin 'bad' .*: no such device"):
        plugins.load_alone(load_configuration([], assignments=["plugins.bad.required=false"]), "bad")


def test_a_plugin_listed_twice_is_a_mistake(install, tmp_path):
    install(shout="ShoutPlugin")
    assert "listed twice" in _problems('[plugins]\nenabled = ["shout", "shout"]', tmp_path)[0]


def test_defaults_of_plugins_that_are_not_enabled_are_no_mistakes(install, tmp_path):
    """Without the espeak plugin, `pipeline.phonemize = ["espeak"]` is nobody's mistake."""
    install(shout="ShoutPlugin")
    _load('[plugins]\nenabled = ["shout"]', tmp_path)


def test_of_the_default_plugins_those_that_are_installed_are_loaded(install, tmp_path):
    """The core alone starts: its own `sentences` stands behind the normalizer that is not there."""
    install(normalize="ShoutPlugin")
    registry = _load("[log]", tmp_path)
    assert [state.name for state in registry.states] == ["normalize"]
    assert PluginsSettings().enabled[0] == "text"
    assert PipelineSettings().normalize == ("normalize", "sentences")


def test_a_plugin_that_somebody_enabled_must_be_installed(install, tmp_path):
    install(normalize="ShoutPlugin")
    assert "plugin 'g2p' is not installed" in _problems('[plugins]\nenabled = ["g2p"]', tmp_path)[0]


def test_nothing_of_a_refused_plugin_stays():
    collector = Collector()
    assert collector.add(LoadedPlugin("bad", WrongKindPlugin()))
    assert collector.add(LoadedPlugin("good", FakePlugin())) == []
    assert list(collector.registry().formats) == ["raw"]


def test_what_must_be_last_must_be_last(install, tmp_path, monkeypatch):
    install(marks="MarksPlugin")
    problem = _problems(
        '[plugins]\nenabled = ["marks"]\n[pipeline]\npostprocess = ["mark", "trim"]', tmp_path
    )[0]
    assert "'mark' must be the last audio processor, but 'trim' follows it" in problem


def test_a_processor_that_nothing_uses_stops_the_start_where_it_says_so(install, tmp_path):
    install(marks="MarksPlugin")
    (problem,) = _problems('[plugins]\nenabled = ["marks"]\n[pipeline]\npostprocess = ["trim"]', tmp_path)
    assert "pipeline.postprocess: plugin 'marks' is enabled" in problem
    assert "'mark' is not listed here, so nothing would be marked" in problem
    assert 'pipeline.postprocess = ["trim", "mark"]' in problem


def _processor(label, *, is_last):
    from koe.api import AudioProcessor

    class Processor(AudioProcessor):
        name = label
        last = is_last
        left_out = "nothing would be marked" if is_last else ""

        def open(self, info):
            raise NotImplementedError

    return Processor()


class MarksPlugin(Plugin):
    @hookimpl
    def register_audio_processors(self):
        return [_processor("mark", is_last=True), _processor("trim", is_last=False)]


def test_components_keep_their_owners():
    registry = registry_of(FakePlugin())
    assert registry.engines["fake"].plugin == "FakePlugin"

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import field, frozen
from attrs.validators import ge, le
from hypothesis import given
from hypothesis import strategies as st
from koe.config import Configuration, EffectiveKey, effective, load, structure_plugin_config, to_toml
from koe.settings import PluginsSettings, Settings


class Quality(StrEnum):
    HIGH = "high"
    LOW = "low"


@frozen
class Inner:
    size: int = 1
    label: str | None = None


@frozen
class PluginConfig:
    pitch: int = field(default=50, validator=[ge(0), le(99)])
    folder: Path = Path("models")
    quality: Quality = Quality.HIGH
    inner: Inner = Inner()
    names: frozenset[str] = frozenset({"b", "a"})
    aliases: Mapping[str, str] = field(factory=lambda: {"x": "packaged"})


@frozen
class NeedsKey:
    key: str


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a config file into the working folder."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, text: str) -> Path:
        Path(name).write_text(text, encoding="utf-8")
        return Path(name)

    return written


def test_without_layers_the_settings_are_the_defaults():
    configuration = load()
    assert configuration.settings == Settings()
    assert configuration.problems == ()
    assert set(configuration.sources.values()) == {"default"}


def test_each_layer_wins_over_the_one_before_it(write):
    first = write("first.toml", "[limits]\nmax_queued = 1\nmax_concurrent = 1\nmax_characters = 1\n")
    second = write("second.toml", "[limits]\nmax_queued = 2\nmax_concurrent = 2\nmax_characters = 2\n")
    environ = {"KOE_LIMITS__MAX_QUEUED": "3", "KOE_LIMITS__MAX_CONCURRENT": "3"}
    configuration = load([first, second], environ, ["limits.max_queued=4", "limits.max_queued=5"])
    limits = configuration.settings.limits
    assert configuration.problems == ()
    assert (limits.max_queued, limits.max_concurrent, limits.max_characters) == (5, 3, 2)
    assert configuration.sources["limits.max_queued"] == "--set"
    assert configuration.sources["limits.max_concurrent"] == "environment KOE_LIMITS__MAX_CONCURRENT"
    assert configuration.sources["limits.max_characters"] == "second.toml"
    assert configuration.sources["limits.max_body_bytes"] == "default"


def test_tables_join_the_packaged_ones_and_name_their_last_source(write):
    path = write("x.toml", '[engine.models]\n"my model" = "kokoro"\ntts-1 = "espeak"\n')
    configuration = load([path])
    assert configuration.settings.engine.models == {
        **Settings().engine.models,
        "my model": "kokoro",
        "tts-1": "espeak",
    }
    assert configuration.sources['engine.models."my model"'] == "x.toml"
    assert configuration.sources["engine.models"] == "x.toml"
    assert configuration.sources["engine.models.kokoro"] == "default"


def test_the_mistakes_of_all_layers_are_listed_together(write):
    files = [
        write("a.toml", "[server]\nprot = 8000\nworkers = 0\n"),
        write("b.toml", "[server\n"),
        Path("missing.toml"),
        write("c.toml", '[sever]\nport = 1\n[log]\nlevel = "infos"\n[pipeline]\nnormalize = "sentences"\n'),
    ]
    environ = {"KOE_LIMITS__QUEUE_TIMEOUT_S": "0", "KOE_INFERENCE__PROVIDERS": "cpu"}
    problems = load(files, environ, ["server.port=high", "voices.default"], disable=["espaek"]).problems
    read_as = '; values are read as TOML here: 8000, true, "text", ["a", "b"]'
    assert set(problems) == {
        "b.toml: not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 8)",
        "missing.toml: the config file cannot be read: No such file or directory",
        "--set 'voices.default': expected section.key=value, such as server.port=8000",
        "--disable espaek: this plugin is not enabled; did you mean 'espeak'?",
        "a.toml: server.prot: unknown key; did you mean 'port'?",
        "a.toml: server.workers: expected an integer from 1 to 64, given 0",
        f"--set: server.port: expected an integer, given 'high'{read_as}",
        "c.toml: sever: unknown section; did you mean 'server'?",
        (
            "c.toml: log.level: expected one of 'debug', 'info', 'warning', 'error', given 'infos'; "
            "did you mean 'info'?"
        ),
        "c.toml: pipeline.normalize: expected a list of strings, given 'sentences'",
        (
            "environment KOE_LIMITS__QUEUE_TIMEOUT_S: limits.queue_timeout_s: "
            f"expected a number above 0 and at most 3600, given 0{read_as}"
        ),
        (
            "environment KOE_INFERENCE__PROVIDERS: inference.providers: "
            f"expected a list of strings, given 'cpu'{read_as}"
        ),
    }
    assert len(problems) == 12


def test_a_mistake_leaves_the_other_keys_of_its_section_in_force(write):
    """So that the loader can check the components that they name, too."""
    path = write(
        "x.toml", '[pipeline]\nnormalise = ["x"]\nphonemize = ["nobody"]\n[server]\nport = "x"\nworkers = 2\n'
    )
    settings = load([path]).settings
    assert settings.pipeline.phonemize == ("nobody",)
    assert (settings.server.port, settings.server.workers) == (8354, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("server = 5", "x.toml: server: expected a mapping, given 5"),
        ("plugins = 5", "x.toml: plugins: expected a mapping, given 5"),
        ('plugins.enabled = "text"', "x.toml: plugins.enabled: expected a list of strings, given 'text'"),
        ("[plugins.enabled]\nx = 1", "x.toml: plugins.enabled: expected a list of strings, given {'x': 1}"),
        (
            'plugins.enabeld = ["text"]',
            (
                "x.toml: plugins.enabeld: expected a table of a plugin's settings, given ['text']; "
                "did you mean 'enabled'?"
            ),
        ),
        ("[voices.aliases]\nx = 1", "x.toml: voices.aliases.x: expected a string, given 1"),
        ("engine.models = {x = {}}", "x.toml: engine.models.x: expected a string, given {}"),
        (
            "[empty]",
            "x.toml: empty: unknown section; known: " + ", ".join(map(repr, attrs.asdict(Settings()))),
        ),
    ],
)
def test_a_misplaced_value_is_one_problem(write, text, problem):
    assert load([write("x.toml", text)]).problems == (problem,)


def test_a_section_that_a_later_layer_restores_is_whole_again(write):
    configuration = load(
        [write("x.toml", "plugins = 5\nserver = 5")], {}, ["plugins.espeak.pitch=1", "server.port=1"]
    )
    assert configuration.problems == ()
    assert configuration.settings.server.port == 1
    assert configuration.settings.plugins.enabled == PluginsSettings().enabled


class TestSwitches:
    def test_enable_appends_and_disable_removes(self, write):
        path = write("x.toml", '[plugins]\nenabled = ["text", "espeak"]\n')
        configuration = load([path], {}, [], ["formats", "text"], ["espeak"])
        assert configuration.settings.plugins.enabled == ("text", "formats")
        assert configuration.problems == ()
        assert configuration.where("plugins.enabled") == (
            "x.toml, --enable formats, --disable espeak: plugins.enabled"
        )

    def test_one_plugin_cannot_be_both(self):
        assert load(enable=["x"], disable=["x"]).problems == (
            "--enable x: the same plugin is given to --disable; leave one of them out",
        )

    def test_they_leave_a_broken_list_to_its_own_error(self):
        problems = load(assignments=["plugins.enabled=5"], enable=["x"], disable=["y"]).problems
        assert len(problems) == 1
        assert problems[0].startswith("--set: plugins.enabled: expected a list of strings, given 5")


class TestPluginTables:
    def configured(self, text: str, write: Any) -> Configuration:
        configuration = load([write("x.toml", text)])
        assert configuration.problems == ()
        return configuration

    def test_a_table_becomes_the_plugins_config(self, write):
        configuration = self.configured('[plugins.x]\npitch = 9\nfolder = "here"\nquality = "low"\n', write)
        config, problems = structure_plugin_config(configuration, "x", PluginConfig)
        assert problems == []
        assert config == PluginConfig(9, Path("here"), Quality.LOW)

    def test_a_plugin_without_a_table_has_its_defaults(self):
        assert structure_plugin_config(load(), "x", PluginConfig) == (PluginConfig(), [])

    def test_tables_join_the_plugins_defaults_as_they_join_the_cores(self, write):
        configuration = self.configured('[plugins.x.aliases]\ny = "mine"\n', write)
        config, _ = structure_plugin_config(configuration, "x", PluginConfig)
        assert config.aliases == {"x": "packaged", "y": "mine"}

    def test_every_mistake_names_file_key_and_plugin(self, write):
        path = write(
            "x.toml", '[plugins.x]\npitch = 100\nquality = "hihg"\nrequired = "no"\ninner.sice = 2\n'
        )
        configuration = load([path], {"KOE_PLUGINS__X__FOLDER": "5"})
        assert configuration.problems == ()
        config, problems = structure_plugin_config(configuration, "x", PluginConfig)
        assert config is None
        assert set(problems) == {
            "x.toml: plugins.x.required: expected true or false, given 'no' (plugin 'x')",
            "x.toml: plugins.x.pitch: expected an integer from 0 to 99, given 100 (plugin 'x')",
            (
                "x.toml: plugins.x.quality: expected one of 'high', 'low', given 'hihg'; "
                "did you mean 'high'? (plugin 'x')"
            ),
            "x.toml: plugins.x.inner.sice: unknown key; did you mean 'size'? (plugin 'x')",
            (
                "environment KOE_PLUGINS__X__FOLDER: plugins.x.folder: expected a path, given 5 (plugin 'x')"
                '; values are read as TOML here: 8000, true, "text", ["a", "b"]'
            ),
        }

    def test_a_required_key_that_is_missing_is_named(self):
        assert structure_plugin_config(load(), "x", NeedsKey) == (
            None,
            ["default: plugins.x.key: required, but missing (expected a string) (plugin 'x')"],
        )

    def test_a_plugin_without_settings_refuses_a_table(self, write):
        configuration = self.configured("[plugins.x]\npitch = 9\nrequired = false\n", write)
        assert structure_plugin_config(configuration, "x", None) == (
            None,
            ["x.toml: plugins.x.pitch: this plugin has no settings; remove the key (plugin 'x')"],
        )
        assert structure_plugin_config(configuration, "y", None) == (None, [])

    def test_a_config_class_that_cannot_be_used_is_the_plugins_problem(self):
        _, problems = structure_plugin_config(load(), "x", bytes)
        assert problems == [
            (
                "default: plugins.x: its Config class bytes cannot be used: "
                "the strict converter has no rule for the annotation <class 'bytes'> (plugin 'x')"
            )
        ]

    def test_the_table_of_a_plugin_that_is_not_enabled_is_kept_unchecked(self, write):
        configuration = self.configured('[plugins.off]\nanything = ["goes"]\n', write)
        assert configuration.plugin_table("off") == {"anything": ["goes"]}
        assert configuration.settings.plugins.tables == {"off": {"anything": ["goes"]}}
        assert configuration.where("plugins.off.anything") == "x.toml: plugins.off.anything"

    def test_a_plugin_that_nobody_mentions_has_an_empty_table(self):
        assert load().plugin_table("enabled") == {}
        assert load().plugin_table("x") == {}
        assert load(assignments=["plugins=5"]).plugin_table("x") == {}


class TestEffective:
    def configuration(self, write: Any) -> Configuration:
        text = (
            '[voices.aliases]\n"my voice" = "af_sky"\n'
            "[plugins.x]\npitch = 9\nrequired = false\n[plugins.off]\na = 1\n"
        )
        return load([write("x.toml", text)], {"KOE_SERVER__HOST": "0.0.0.0"}, ["server.port=1"], ["x"])

    def test_every_key_is_listed_with_its_source(self, write):
        configuration = self.configuration(write)
        listed = effective(configuration, {"x": PluginConfig(9), "bare": None})
        sources = {entry.key: entry.source for entry in listed}
        values = {entry.key: entry.value for entry in listed}
        assert EffectiveKey("server.port", 1, "--set") in listed
        assert EffectiveKey("server.host", "0.0.0.0", "environment KOE_SERVER__HOST") in listed
        assert EffectiveKey('voices.aliases."my voice"', "af_sky", "x.toml") in listed
        assert EffectiveKey("plugins.x.pitch", 9, "x.toml") in listed
        assert EffectiveKey("plugins.x.required", False, "x.toml") in listed
        assert EffectiveKey("plugins.off.a", 1, "x.toml") in listed
        assert sources["plugins.enabled"] == "default, --enable x"
        assert sources["server.workers"] == sources["plugins.x.folder"] == "default"
        assert values["plugins.x.inner.size"] == 1
        assert values["plugins.x.names"] == ["a", "b"]
        assert (values["plugins.x.folder"], values["plugins.x.quality"]) == ("models", "high")
        assert len(listed) == len(sources)

    def test_an_empty_table_is_a_value(self):
        assert EffectiveKey("voices.aliases", {}, "default") in effective(load(), {})

    def test_the_toml_is_a_config_file_that_says_the_same(self, write):
        configuration = self.configuration(write)
        config, _ = structure_plugin_config(configuration, "x", PluginConfig)
        written = to_toml(effective(configuration, {"x": config}))
        again = load([write("again.toml", written)])
        assert again.problems == ()
        assert structure_plugin_config(again, "x", PluginConfig) == (config, [])
        assert again.plugin_table("off") == {"a": 1}
        assert again.settings == configuration.settings
        assert "\nport = 1  # --set\n" in written
        assert "# label: not set  # default\n" in written

    def test_the_defaults_are_comments_and_stay_defaults(self, write):
        """Else a default that names a component of a disabled plugin would become the operator's mistake."""
        written = to_toml(effective(load(), {}))
        assert "# port = 8354  # default\n" in written
        again = load([write("again.toml", written)])
        assert again.settings == Settings()
        assert set(again.sources.values()) == {"default"}


TREES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*attrs.asdict(Settings()), "enabled", "aliases", "port", "models", "level", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from([*attrs.asdict(Settings()), "x"]), TREES, max_size=4))
def test_any_tree_loads_with_its_problems_collected(tree):
    from koe import toml

    assignments = [f"{name}={toml.value(value)}" for name, value in tree.items()]
    configuration = load(assignments=assignments)
    assert isinstance(configuration.settings, Settings)
    assert all(problem.startswith("--set: ") for problem in configuration.problems)
    tomllib.loads(to_toml(effective(configuration, {})))

import re
import tomllib
from pathlib import Path

import attrs
from koe.config import load, structure_plugin_config
from koe.errors import ConfigError
from koe.kokoro.config import KokoroConfig
from koe.reference import core_keys, default_toml, main, with_key_table
from koe.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
REGENERATE = "run `python -m koe.reference` in the source tree"


def test_every_key_has_a_meaning():
    described = {key.dotted for key in core_keys() if key.meaning}
    sections = {section.name: type(getattr(Settings(), section.name)) for section in attrs.fields(Settings)}
    fields = {f"{name}.{attribute.name}" for name, cls in sections.items() for attribute in attrs.fields(cls)}
    assert described == fields - {"plugins.tables"}


def test_the_default_config_file_is_up_to_date():
    assert (ROOT / "config" / "default.toml").read_text(encoding="utf-8") == default_toml(), REGENERATE


def test_the_default_config_file_says_the_defaults_and_names_every_key():
    path = ROOT / "config" / "default.toml"
    configuration = load([path])
    assert configuration.problems == ()
    assert configuration.settings == Settings()
    tree = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [f"{section}.{key}" for section in tree for key in tree[section]] == [
        key.dotted for key in core_keys()
    ]
    assert {configuration.sources[key.dotted] for key in core_keys()} == {str(path)}


def test_the_minimal_config_file_has_no_mistakes():
    configuration = load([ROOT / "config" / "minimal.toml"])
    assert configuration.problems == ()
    assert configuration.settings.plugins.enabled == ("text", "espeak", "formats")
    assert configuration.settings.engine.default == "espeak"


def test_the_table_in_the_docs_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_key_table(page), REGENERATE
    assert all(f"| `{key.dotted}` |" in page for key in core_keys())


def test_the_example_in_the_docs_prints_what_the_docs_say(tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    example = re.search(r"<!-- example: koe.toml -->\n```toml\n(.*?)```", page, re.DOTALL)
    output = re.search(r"<!-- example: output -->\n```text\n(.*?)\n```", page, re.DOTALL)
    assert example is not None
    assert output is not None
    monkeypatch.chdir(tmp_path)
    Path("koe.toml").write_text(example[1], encoding="utf-8")
    configuration = load([Path("koe.toml")], assignments=["limits.max_queued=many"])
    _, problems = structure_plugin_config(configuration, "kokoro", KokoroConfig)
    assert str(ConfigError([*configuration.problems, *problems])) == output[1]


def test_the_other_toml_blocks_in_the_docs_are_right(tmp_path):
    blocks = re.findall(r"(?<!-->\n)```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        (tmp_path / "x.toml").write_text(block, encoding="utf-8")
        configuration = load([tmp_path / "x.toml"])
        assert configuration.problems == ()
        assert structure_plugin_config(configuration, "kokoro", KokoroConfig)[1] == []


def test_the_generated_parts_are_written_into_a_source_tree(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "docs").mkdir()
    for file in (ROOT / "core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "docs" / "configuration.md").write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    main(tmp_path)
    assert (tmp_path / "config" / "default.toml").read_text(encoding="utf-8") == default_toml()
    assert (tmp_path / "docs" / "configuration.md").read_text(encoding="utf-8") == PAGE.read_text(
        encoding="utf-8"
    )

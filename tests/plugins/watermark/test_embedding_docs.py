"""docs/watermarking.md says what embedding does."""

import re
import tomllib
from pathlib import Path

import attrs
import numpy as np
from koe.api import StreamInfo
from koe_watermark import WatermarkConfig
from koe_watermark.marking import Marking
from koe_watermark.media_embed import TARGETS
from koe_watermark.metadata import KEYS
from koe_watermark.schemes import load_schemes

PAGE = (Path(__file__).parents[3] / "docs/watermarking.md").read_text(encoding="utf-8")


def _section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_setting_is_listed_with_its_default():
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", _section("Settings"), re.MULTILINE))
    config = attrs.asdict(WatermarkConfig(), recurse=False)
    assert listed.keys() == config.keys()
    for name, shown in listed.items():
        if name not in {"options", "detect"}:
            default = config[name]
            parsed = tomllib.loads(f"x = {shown.strip('`')}")["x"]
            assert parsed == (list(default) if isinstance(default, tuple) else default)


def test_the_example_of_a_scheme_runs():
    (example,) = re.findall(r"```python\n(.*?)```", _section("Schemes"), re.DOTALL)
    names: dict[str, type] = {}
    exec(example, names)
    marking = Marking([names["Quieter"]({}).open(StreamInfo(24_000))])
    assert np.allclose(marking.push(np.ones(10, np.float32)), 0.944)
    assert not len(marking.flush())


def test_the_schemes_are_those_there_are_and_the_example_can_be_loaded():
    section = _section("Schemes")
    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == ["perth-implicit", "metadata"]
    (toml,) = re.findall(r"```toml\n(\[plugins.watermark\].*?)```", section, re.DOTALL)
    table = tomllib.loads(toml)["plugins"]["watermark"]
    schemes = load_schemes(WatermarkConfig(schemes=tuple(table["schemes"]), options=table["options"]))
    assert len(schemes) == 2
    assert all(f"`{key}`" in section for key in KEYS)


def test_every_format_that_files_are_written_in_is_named():
    section = _section("Files that exist")
    assert all(re.search(rf"\b{ending}\b", section) for ending in TARGETS)

"""What the integration pages name exists."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from koe.config import load
from koe.http.app import build_app
from koe.http.openapi import openapi_path
from koe.settings import Settings
from starlette.routing import Route

from tests.server.fake_server import FakeBackend

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "docs" / "integrations" / f"{name}.md" for name in "open-webui sillytavern livekit pipecat".split()
]
OPENAI_VOICES = "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def text(page):
    return page.read_text(encoding="utf-8")


def blocks(page, language):
    found = re.findall(rf"^( *)```{language}\n(.*?)\n *```", text(page), re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def test_every_page_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"docs/integrations/{page.name}" in readme for page in PAGES)


@every_page
def test_every_path_is_one_that_koe_answers(page):
    routes = [route for route in build_app(FakeBackend()).routes if isinstance(route, Route)]
    known = {(method, openapi_path(route.path)) for route in routes for method in route.methods or ()}
    paths = re.findall(r"(GET|POST) (/[\w/]*)", text(page))
    urls = re.findall(r"http://127\.0\.0\.1:8354(/[\w/]*)", text(page))
    assert set(paths) <= known
    assert urls
    assert set(urls) <= {path for _, path in known}


@every_page
def test_the_port_is_the_default_one(page):
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", text(page))) == {str(Settings().server.port)}


@every_page
def test_every_setting_in_it_is_one_of_koe_s(page, tmp_path):
    for number, block in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        assert load([file]).problems == ()
    for assignment in re.findall(r"--set (\S+?)[`\s]", text(page)):
        assert load(assignments=[assignment]).problems == ()


@every_page
def test_it_says_what_the_api_key_is_where_keys_are_asked_for(page):
    assert "[`auth`](../security.md#api-keys)" in text(page)
    assert "`koe auth new`" in text(page)


@every_page
def test_its_models_are_listed(page):
    named = set(re.findall(r"`(tts-1(?:-hd)?|gpt-4o-mini-tts)`", text(page)))
    assert named <= set(Settings().engine.models)


def test_pipecat_s_names_are_openai_s():
    listed = text(PAGES[3]).split("names only:")[1].split(". To speak")[0]
    assert sorted(re.findall(r"`(\w+)`", listed)) == sorted(OPENAI_VOICES)


def test_livekit_s_plugin_takes_what_the_page_gives_it():
    openai = pytest.importorskip("livekit.plugins.openai", reason="livekit-plugins-openai is not installed")
    [call] = [
        node for node in ast.walk(ast.parse(blocks(PAGES[2], "python")[0])) if isinstance(node, ast.Call)
    ]
    given = {keyword.arg for keyword in call.keywords}
    assert given <= set(inspect.signature(openai.TTS).parameters)

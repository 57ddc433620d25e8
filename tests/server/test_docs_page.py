import json
import re
from importlib.resources import files

import pytest
from koe.http.app import build_app
from koe.http.docs_page import SWAGGER_UI_VERSION
from koe.settings import HttpSettings, Settings
from starlette.testclient import TestClient

from tests.server.fake_server import FakeBackend

ASSETS = ["swagger-ui.css", "swagger-ui-bundle.js", "start.js"]


def get(path: str, **headers: str):
    return TestClient(build_app(FakeBackend())).get(path, headers=headers)


def test_the_page_asks_for_its_own_files_only():
    page = get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sorted(wanted) == sorted([*(f"docs/{name}" for name in ASSETS), "data:,", "openapi.json"])


def test_browsers_are_told_to_load_nothing_from_elsewhere():
    policy = dict(part.split(" ", 1) for part in get("/docs").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "http" not in " ".join(policy.values())
    assert "unsafe-eval" not in " ".join(policy.values())


def test_the_page_has_no_inline_script_that_the_policy_would_stop():
    assert re.findall(r"<script(?![^>]*src=)", get("/docs").text) == []


@pytest.mark.parametrize("name", ASSETS)
def test_its_files_are_served_with_their_types_and_kept_by_browsers(name):
    first = get(f"/docs/{name}")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/css" if name.endswith("css") else "text/javascript")
    assert first.headers["x-content-type-options"] == "nosniff"
    again = get(f"/docs/{name}", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/docs/LICENSE", "/docs/../app.py", "/docs/swagger/swagger-ui.css"])
def test_no_other_file_is_served(path):
    assert get(path).status_code == 404


def test_the_vendored_version_is_stated_with_its_licences():
    folder = files("koe.http").joinpath("static/swagger")
    assert SWAGGER_UI_VERSION in folder.joinpath("README.md").read_text()
    assert "Apache License" in folder.joinpath("LICENSE").read_text()
    assert folder.joinpath("NOTICE").is_file()
    assert folder.joinpath("swagger-ui-bundle.js.LICENSE.txt").is_file()
    bundle = folder.joinpath("swagger-ui-bundle.js").read_text()
    assert f'PACKAGE_VERSION:"{SWAGGER_UI_VERSION}"' in bundle


def test_the_page_starts_swagger_with_our_document_and_no_online_validator():
    script = get("/docs/start.js").text
    assert 'url: "openapi.json"' in script
    assert "validatorUrl: null" in script


def test_the_document_is_json():
    answer = get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["info"]["title"] == "koe"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/start.js"])
def test_the_configuration_can_switch_it_off(path):
    backend = FakeBackend(settings=Settings(http=HttpSettings(docs=False)))
    http = TestClient(build_app(backend))
    answer = http.get(path)
    assert answer.status_code == 404
    assert "at /docs" not in answer.json()["error"]["message"]
    assert "/v1/audio/speech, " in answer.json()["error"]["message"]
    assert http.get("/").json()["docs"] is None

import json

import pytest
from koe.cli import model
from koe.errors import ConfigError, ModelFileError
from koe.kokoro.catalog import VARIANTS

from tests.core.kokoro.file_server import serve
from tests.core.kokoro.small_catalogue import FP32, INT8, SMALL, everything
from tests.core.kokoro.test_files import downloaded


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch):
    monkeypatch.setattr(model, "VARIANTS", SMALL)
    monkeypatch.delenv("KOE_MODEL_BASE_URL", raising=False)
    monkeypatch.delenv("KOE_MODEL_DIR", raising=False)


@pytest.fixture
def server():
    with serve() as plan:
        plan.files = everything()
        yield plan


@pytest.fixture
def koe_model(tmp_path, capsys):
    """Run a command on a folder of this test; its exit code and what it wrote."""

    def run(*tokens, folder=tmp_path):
        code = model.app(
            [*tokens, *(["--dir", str(folder)] if folder else [])],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        return code, *capsys.readouterr()

    return run


def test_list_shows_size_place_and_note_of_every_variant(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    code, out, _ = koe_model("list")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["fp32", "0", "MB", "not", "downloaded"]
    assert lines[2].endswith(str(tmp_path / INT8.model.path))
    assert [line.strip() for line in lines[1:8:2]] == [variant.note for variant in SMALL]
    assert lines[-1] == f"Model folder: {tmp_path}"


def test_list_as_json_names_every_file_with_its_address(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    code, out, _ = koe_model("list", "--json")
    rows = {row["variant"]: row for row in json.loads(out)}
    assert code == 0
    assert list(rows) == [*(variant.name for variant in SMALL), "optimized", "optimized-zh"]
    assert (rows["fp32"]["default"], rows["fp32"]["downloaded"], rows["fp32"]["files"]) == (True, False, None)
    assert rows["int8"]["size_bytes"] == 75_000
    assert rows["int8"]["files"]["model"] == str(tmp_path / INT8.model.path)
    assert rows["int8"]["released"][0]["sha256"] == INT8.model.sha256
    assert rows["int8"]["released"][0]["url"].endswith(INT8.model.path)


def test_download_fetches_the_default_variant_and_prints_where_it_is(koe_model, server, tmp_path):
    code, out, err = koe_model("download", "--base-url", server.url)
    assert code == 0
    assert out.splitlines() == [str(tmp_path / file.path) for file in FP32.files]
    assert err.splitlines() == [
        f"{FP32.model.path}: downloading 0.3 MB",
        f"{FP32.model.path}: downloaded and verified",
        f"{FP32.voices.path}: downloading 0.0 MB",
        f"{FP32.voices.path}: downloaded and verified",
    ]


def test_download_again_fetches_nothing(koe_model, server):
    koe_model("download", "--base-url", server.url)
    before = len(server.requests)
    code, _, err = koe_model("download", "--base-url", server.url)
    assert code == 0
    assert len(server.requests) == before
    assert err.count("already here and intact") == 2


def test_download_takes_the_mirror_from_the_environment(koe_model, server, monkeypatch, tmp_path):
    monkeypatch.setenv("KOE_MODEL_BASE_URL", server.url)
    code, out, _ = koe_model("download", "--variant", "zh")
    assert code == 0
    assert out.splitlines()[-1] == str(tmp_path / "Kokoro-82M-v1.1-zh" / "config.json")


def test_download_of_an_unknown_variant_lists_the_known_ones(koe_model):
    with pytest.raises(ModelFileError, match=r"Did you mean 'int8'\?"):
        koe_model("download", "--variant", "int-8")


def test_verify_of_intact_files_ends_with_0(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    code, out, err = koe_model("verify")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"ok       {tmp_path / file.path}" for file in INT8.files]


def test_verify_of_a_corrupt_file_ends_with_1_and_says_how_to_repair(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    (tmp_path / INT8.model.path).write_bytes(b"short")
    code, out, err = koe_model("verify", "--variant", "int8")
    assert code == 1
    assert f"corrupt  {tmp_path / INT8.model.path}: expected 70,000 bytes, found 5" in out
    assert err.startswith(
        f"1 of 2 files missing or corrupt; `koe model download --variant int8 --dir {tmp_path}`"
    )


def test_verify_of_an_empty_folder_ends_with_1(koe_model):
    code, out, _ = koe_model("verify")
    assert code == 1
    assert out.count("missing") == 2


def test_download_repairs_what_verify_finds(koe_model, server, tmp_path):
    downloaded(tmp_path, FP32)
    (tmp_path / FP32.model.path).write_bytes(bytes(300_000))
    assert koe_model("verify")[0] == 1
    koe_model("download", "--base-url", server.url)
    assert koe_model("verify")[0] == 0


def test_path_prints_one_file_a_line(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    code, out, _ = koe_model("path", "--variant", "int8")
    assert code == 0
    assert out.splitlines() == [str(tmp_path / file.path) for file in INT8.files]


def test_path_follows_the_config(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    config = tmp_path / "koe.toml"
    config.write_text(f"[plugins.kokoro]\ndir = '{tmp_path}'\nvariant = 'int8'\n")
    code, out, _ = koe_model("path", "--config", str(config), folder=None)
    assert code == 0
    assert out.splitlines()[0] == str(tmp_path / INT8.model.path)


def test_a_folder_or_variant_on_the_command_line_replaces_the_configs_explicit_files(koe_model, tmp_path):
    downloaded(tmp_path, INT8)
    setting = f"plugins.kokoro.model='{tmp_path / 'own.onnx'}'"
    with pytest.raises(ModelFileError, match="given as `model`"):
        koe_model("path", "--set", setting, folder=None)
    code, out, _ = koe_model("path", "--variant", "int8", "--set", setting)
    assert (code, out.splitlines()[0]) == (0, str(tmp_path / INT8.model.path))


def test_download_goes_where_the_config_says(koe_model, server, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    tokens = ("--base-url", server.url, "--set", f"plugins.kokoro.dir='{elsewhere}'")
    assert koe_model("download", *tokens, folder=None)[0] == 0
    assert (elsewhere / FP32.model.path).is_file()


def test_a_mistake_in_the_config_is_an_error(koe_model):
    with pytest.raises(ConfigError, match="variantt"):
        koe_model("list", "--set", "plugins.kokoro.variantt='int8'")


def test_path_without_files_is_an_error_that_says_how_to_get_them(koe_model):
    with pytest.raises(ModelFileError, match="koe model download"):
        koe_model("path")


def test_the_real_catalogue_fits_the_listing(koe_model, monkeypatch):
    monkeypatch.setattr(model, "VARIANTS", VARIANTS)
    _, out, _ = koe_model("list")
    assert "fp32        354 MB  not downloaded" in out.splitlines()[0]
    assert max(len(line) for line in out.splitlines()) <= 110

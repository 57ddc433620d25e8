import json

import pytest
from attrs import evolve
from koe import __version__
from koe.errors import ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.kokoro.files import locate
from koe.kokoro.fingerprint import precision
from koe.kokoro.hardware import Host
from koe.kokoro.measured import FORMAT as BENCH_FORMAT
from koe.kokoro.measured import Benchmark, Measurement, benchmark_path, read_benchmark
from koe.kokoro.optimized import (
    FORMAT,
    Origin,
    StoredFile,
    StoredStep,
    check_optimized,
    optimized_path,
    origin_path,
    read_origin,
)
from koe.kokoro.verify import verify_optimized
from koe.stages import EngineRuntime
from koe.testing.tiny_model import write_tiny_model
from structlog.testing import capture_logs

HOST = Host.current()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def folder(tmp_path):
    """A model folder with fp32 and what passes for an optimized model of it."""
    tiny = write_tiny_model(tmp_path, voices=("af_heart",))
    optimized = optimized_path(tiny.model)
    optimized.write_bytes(write_tiny_model(tmp_path / "faster", frames_per_token=5).model.read_bytes())
    weights = tmp_path / "kokoro-v1.0.optimized-0123.data"
    weights.write_bytes(b"weights")
    describe(optimized, weights)
    return tmp_path


def describe(optimized, *others, **changes):
    source = optimized.with_name("kokoro-v1.0.onnx")
    files = tuple(StoredFile.of(path) for path in (optimized, *others))
    step = StoredStep(
        "quantize", accepted=True, detail="48 convolutions", changed={"level_db": 0.1, "frames": 0}
    )
    origin = Origin(FORMAT, __version__, StoredFile.of(source), files, "fp32+int8", False, HOST, 0, (step,))
    origin_path(optimized).write_text(evolve(origin, **changes).to_json())


def model_of(folder):
    return optimized_path(folder / "kokoro-v1.0.onnx")


def found(folder, variant="auto"):
    return locate(KokoroConfig(dir=str(folder), variant=variant))


def test_the_report_is_read_as_it_was_written(folder):
    origin = read_origin(model_of(folder))
    assert origin.steps[0].changed == {"level_db": 0.1, "frames": 0}
    assert origin.source == StoredFile.of(folder / "kokoro-v1.0.onnx")


def test_auto_takes_the_optimized_model_where_there_is_one(folder):
    assert (found(folder).model, found(folder).variant) == (model_of(folder), "optimized")
    assert found(folder, "fp32").model == folder / "kokoro-v1.0.onnx"
    model_of(folder).unlink()
    assert found(folder).model == folder / "kokoro-v1.0.onnx"


@pytest.mark.parametrize("explicit", ["model", "variant"])
def test_an_optimized_model_can_be_asked_for(folder, explicit):
    config = KokoroConfig(dir=str(folder), model=str(model_of(folder)))
    if explicit == "variant":
        config = KokoroConfig(dir=str(folder), variant="optimized")
    assert locate(config).model == model_of(folder)


def damage_graph(folder):
    content = model_of(folder).read_bytes()
    model_of(folder).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def damage_weights(folder):
    (folder / "kokoro-v1.0.optimized-0123.data").write_bytes(b"weigh")


def drop_weights(folder):
    (folder / "kokoro-v1.0.optimized-0123.data").unlink()


def drop_report(folder):
    origin_path(model_of(folder)).unlink()


def break_report(folder):
    origin_path(model_of(folder)).write_text('{"format": 1, "koe": 5}')


def newer_report(folder):
    origin_path(model_of(folder)).write_text(json.dumps({"format": 2}))


def other_processor(folder):
    describe(
        model_of(folder),
        needs_wide_int8=True,
        host=evolve(HOST, cpu="Some Other", wide_int8=True),
    )


DAMAGE = {
    damage_graph: "is not the file that",
    damage_weights: "expected 7 bytes, found 5",
    drop_weights: "expected 7 bytes, found 0",
    drop_report: "expected the report",
    break_report: "expected the report",
    newer_report: "expected format 1",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_one_is_an_error_with_its_way_out_and_auto_passes_it_over(folder, damage):
    damage(folder)
    with pytest.raises(ModelFileError, match=f"{DAMAGE[damage]}.*koe model optimize"):
        found(folder, "optimized")
    with capture_logs() as logs:
        assert found(folder).variant == "fp32"
    assert [entry["event"] for entry in logs] == ["optimized_model_passed_over"]


def test_one_that_needs_exact_int8_is_refused_by_processors_without_it(folder):
    other_processor(folder)
    with pytest.raises(ModelFileError, match="made on Some Other.*sound wrong here.*on this machine"):
        check_optimized(model_of(folder), evolve(HOST, wide_int8=False))
    assert check_optimized(model_of(folder), evolve(HOST, wide_int8=True)).needs_wide_int8


def test_where_none_was_made_the_way_to_it_is_told(tmp_path):
    write_tiny_model(tmp_path)
    with pytest.raises(
        ModelFileError, match=r"missing kokoro-v1\.0\.optimized\.onnx.*`koe model optimize` makes it"
    ):
        locate(KokoroConfig(dir=str(tmp_path), variant="optimized"))


def test_the_engine_speaks_with_it_and_has_another_fingerprint(folder):
    engines = {}
    for variant in ("fp32", "optimized"):
        engines[variant] = KokoroEngine(KokoroConfig(dir=str(folder), variant=variant))
        engines[variant].open(EngineRuntime(threads=1))
    assert engines["optimized"].fingerprint != engines["fp32"].fingerprint
    assert engines["optimized"].info().precision == "fp32+int8" == precision(model_of(folder))
    assert engines["optimized"].info().model == "kokoro-v1.0.optimized.onnx"


def test_verify_hashes_graph_and_weights(folder):
    assert [check.status for check in verify_optimized(model_of(folder))] == ["ok", "ok"]
    (folder / "kokoro-v1.0.optimized-0123.data").write_bytes(b"weirdly")
    graph, weights = verify_optimized(model_of(folder))
    assert (graph.status, weights.status) == ("ok", "corrupt")
    assert "expected SHA-256" in weights.detail
    drop_report(folder)
    assert [check.status for check in verify_optimized(model_of(folder))] == ["corrupt"]


def store(folder, *speeds, host=HOST):
    models = {"fp32": folder / "kokoro-v1.0.onnx", "optimized": model_of(folder)}
    made = tuple(
        Measurement(variant, str(models[variant]), models[variant].stat().st_size, 1, 10, rtf, 0.1)
        for variant, rtf in speeds
    )
    benchmark_path().parent.mkdir(parents=True, exist_ok=True)
    benchmark_path().write_text(Benchmark(BENCH_FORMAT, host, made).to_json())
    return made


@pytest.mark.parametrize(
    ("speeds", "variant"),
    [
        ([("fp32", 0.3), ("optimized", 0.1)], "optimized"),
        ([("fp32", 0.1), ("optimized", 0.3)], "fp32"),
        ([("fp32", 0.1), ("fp32", 0.3), ("optimized", 0.1), ("optimized", 0.2)], "optimized"),
    ],
)
def test_auto_takes_what_was_fastest_here(folder, speeds, variant):
    made = store(folder, *speeds)
    stored = read_benchmark()
    assert stored is not None
    assert stored.measurements == made
    assert found(folder).variant == variant


def test_a_measurement_of_other_hardware_or_another_file_does_not_count(folder):
    store(folder, ("fp32", 0.1), ("optimized", 0.3), host=evolve(HOST, cores=HOST.cores + 1))
    assert found(folder).variant == "optimized"
    store(folder, ("fp32", 0.1), ("optimized", 0.3), host=evolve(HOST, onnxruntime="0.1"))
    assert found(folder).variant == "optimized"
    store(folder, ("fp32", 0.1), ("optimized", 0.3))
    assert found(folder).variant == "fp32"
    with (folder / "kokoro-v1.0.onnx").open("ab") as model:
        model.write(b" ")
    assert found(folder).variant == "optimized"


@pytest.mark.parametrize("content", ["", "[]", '{"format": 9}', "{"])
def test_a_stored_measurement_that_cannot_be_read_is_none(folder, content):
    benchmark_path().parent.mkdir(parents=True, exist_ok=True)
    benchmark_path().write_text(content)
    assert read_benchmark() is None
    assert found(folder).variant == "optimized"


def test_processors_without_vnni_are_told_by_their_flags(monkeypatch):
    monkeypatch.setattr("koe.kokoro.hardware.platform.machine", lambda: "x86_64")
    for flags, wide in (("sse2 avx2", False), ("avx2 avx_vnni", True), ("avx512f avx512_vnni", True)):
        monkeypatch.setattr(
            "koe.kokoro.hardware._cpuinfo", lambda flags=flags: {"flags": flags, "model name": "Test"}
        )
        assert (Host.current().wide_int8, Host.current().cpu) == (wide, "Test")
    monkeypatch.setattr("koe.kokoro.hardware.platform.machine", lambda: "aarch64")
    assert Host.current().wide_int8

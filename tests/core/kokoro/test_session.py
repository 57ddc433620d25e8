import os

import pytest
from koe.errors import ExecutionProviderError, ModelFileError
from koe.kokoro.session import open_session, run_errors
from koe.stages import EngineRuntime, ExecutionProvider
from structlog.testing import capture_logs


class Provider(ExecutionProvider):
    def __init__(self, name: str, onnxruntime_name: str, reason: str | None = None) -> None:
        self.name = name
        self.onnxruntime_name = onnxruntime_name  # type: ignore[misc]
        self.reason = reason
        self.prepared = 0

    def options(self) -> dict[str, str]:
        return {}

    def missing(self) -> str | None:
        return self.reason

    def prepare(self) -> None:
        self.prepared += 1


CPU = Provider("cpu", "CPUExecutionProvider")
# Part of every build of ONNX Runtime, but runs none of Kokoro's operators.
IDLE = Provider("idle", "AzureExecutionProvider")
ABSENT = Provider("cuda", "CUDAExecutionProvider")
EXPLAINED = Provider("cuda", "CUDAExecutionProvider", "needs `pip install something`")


def runtime(*providers: ExecutionProvider, threads: int = 1) -> EngineRuntime:
    return EngineRuntime(providers, threads)


def test_the_wished_provider_is_the_one_in_use(tiny):
    with capture_logs() as logs:
        opened = open_session(tiny.model, runtime(CPU))
    assert (opened.provider, opened.threads, logs) == ("CPUExecutionProvider", 1, [])


def test_without_a_wish_list_it_is_the_processor(tiny):
    assert open_session(tiny.model, EngineRuntime()).provider == "CPUExecutionProvider"


def test_a_missing_provider_without_a_fallback_is_an_error_with_its_way_out(tiny):
    with pytest.raises(ExecutionProviderError, match=r"\['cuda'\].*cuda: needs `pip install something`"):
        open_session(tiny.model, runtime(EXPLAINED))


def test_a_provider_that_onnx_runtime_does_not_have_is_an_error_even_if_it_claims_to_be_there(tiny):
    """ONNX Runtime itself would warn and go on with the processor."""
    with pytest.raises(ExecutionProviderError, match="cuda: this ONNX Runtime has no CUDAExecutionProvider"):
        open_session(tiny.model, runtime(ABSENT))


def test_a_fallback_that_is_listed_is_taken_and_said_aloud(tiny):
    with capture_logs() as logs:
        opened = open_session(tiny.model, runtime(EXPLAINED, CPU))
    assert opened.provider == "CPUExecutionProvider"
    assert logs == [
        {
            "event": "execution_provider_fallback",
            "log_level": "warning",
            "provider": "cuda",
            "fallback": "cpu",
            "reason": "needs `pip install something`",
        }
    ]


def test_a_provider_that_loads_but_runs_nothing_does_not_count(tiny):
    with pytest.raises(
        ExecutionProviderError, match="idle: AzureExecutionProvider can run no part of the model"
    ):
        open_session(tiny.model, runtime(IDLE))
    with capture_logs() as logs:
        assert open_session(tiny.model, runtime(IDLE, CPU)).provider == "CPUExecutionProvider"
    assert [entry["event"] for entry in logs] == ["execution_provider_fallback"]


def test_a_provider_behind_the_first_usable_one_changes_nothing(tiny):
    with capture_logs() as logs:
        assert open_session(tiny.model, runtime(CPU, EXPLAINED)).provider == "CPUExecutionProvider"
    assert logs == []


def test_every_reason_is_told_when_none_can_be_used(tiny):
    with pytest.raises(ExecutionProviderError, match=r"cuda: needs.*; idle: Azure.*'cpu'"):
        open_session(tiny.model, runtime(EXPLAINED, IDLE))


def test_a_provider_that_refuses_its_options_is_passed_over(tiny, monkeypatch):
    """What ONNX Runtime raises while it loads a provider is a reason, not a crash."""
    import onnxruntime

    def refuse(*_args, **given):
        if given["providers"][0][0] == "AzureExecutionProvider":
            raise onnxruntime.capi.onnxruntime_pybind11_state.EPFail("no such device")
        return real(*_args, **given)

    real = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(ExecutionProviderError, match="could not load it: no such device"):
        open_session(tiny.model, runtime(IDLE))
    assert open_session(tiny.model, runtime(IDLE, CPU)).provider == "CPUExecutionProvider"


def test_a_provider_that_onnx_runtime_drops_in_silence_does_not_count(tiny, monkeypatch):
    """CUDA without its libraries: the session is made, but runs on the processor."""
    import onnxruntime

    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    real = onnxruntime.InferenceSession

    def without_cuda(*args, **given):
        return real(*args, **{**given, "providers": ["CPUExecutionProvider"]})

    monkeypatch.setattr(onnxruntime, "InferenceSession", without_cuda)
    with pytest.raises(
        ExecutionProviderError, match=r"did not load CUDAExecutionProvider and went on with CPU"
    ):
        open_session(tiny.model, runtime(ABSENT))


def test_a_provider_is_prepared_only_when_it_is_tried(tiny):
    first, second = Provider("cpu", "CPUExecutionProvider"), Provider("gone", "GoneExecutionProvider")
    open_session(tiny.model, runtime(second, first))
    assert (first.prepared, second.prepared) == (1, 0)


@pytest.mark.parametrize("body", [b"", b"<html>Not found</html>" * 9, b"\x08\x08\x12\x07pytorch"])
@pytest.mark.parametrize("providers", [(), (CPU,), (EXPLAINED, CPU)])
def test_a_file_that_is_no_model_is_an_error_with_its_size(tmp_path, body, providers):
    file = tmp_path / "kokoro-v1.0.onnx"
    file.write_bytes(body)
    with pytest.raises(ModelFileError, match=rf"kokoro-v1\.0\.onnx: expected.*found {len(body):,} bytes"):
        open_session(file, EngineRuntime(providers))


def test_a_truncated_model_is_an_error(tiny, tmp_path):
    cut = tmp_path / "model.onnx"
    cut.write_bytes(tiny.model.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match="koe model verify"):
        open_session(cut, runtime(CPU))


@pytest.mark.parametrize(("cores", "asked", "threads"), [(8, 0, 8), (2, 0, 2), (8, 3, 3)])
def test_one_run_may_use_all_cores(tiny, monkeypatch, cores, asked, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    opened = open_session(tiny.model, EngineRuntime((CPU,), threads=asked, concurrency=4))
    assert opened.threads == threads
    assert opened.session.get_session_options().intra_op_num_threads == threads


def test_run_errors_are_exceptions():
    assert all(issubclass(error, Exception) for error in run_errors())

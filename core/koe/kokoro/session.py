"""Opening the model on the first execution provider of the wish list that really runs it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import structlog
from attrs import frozen

from koe.cores import usable_cores
from koe.errors import ExecutionProviderError, ModelFileError
from koe.stages import EngineRuntime, ExecutionProvider

_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3
log = structlog.get_logger(__name__)


@frozen
class OpenedSession:
    """An `onnxruntime.InferenceSession` and what it really runs on.

    Attributes:
        session: safe to run from several threads at once.
        provider: ONNX Runtime's name of the execution provider that is in use.
        threads: within one run.
    """

    session: Any
    provider: str
    threads: int


class DefaultProvider(ExecutionProvider):
    """The processor, for an engine that is opened without a wish list."""

    name = "cpu"
    onnxruntime_name: ClassVar[str] = _CPU

    def options(self) -> Mapping[str, str]:
        return {}


def open_session(model: Path, runtime: EngineRuntime) -> OpenedSession:
    """Load `model` on the first of `runtime.providers` that can run it.

    A provider that is missing, does not load or takes none of the model is passed over with the warning
    `execution_provider_fallback` where another one is listed behind it.

    Raises:
        ModelFileError: the file is no sound ONNX model.
        ExecutionProviderError: nothing on the list could be used.
    """
    wishes = runtime.providers or (DefaultProvider(),)
    threads = runtime.threads or usable_cores()
    reasons: list[str] = []
    for index, wish in enumerate(wishes):
        outcome = _try(model, wishes[index:], threads)
        if not isinstance(outcome, str):
            return OpenedSession(outcome, wish.onnxruntime_name, threads)
        reasons.append(f"{wish.name}: {outcome}")
        if index + 1 < len(wishes):
            log.warning(
                "execution_provider_fallback",
                provider=wish.name,
                fallback=wishes[index + 1].name,
                reason=outcome,
            )
    raise ExecutionProviderError(
        f"None of inference.providers = {[wish.name for wish in wishes]} can be used. {'; '.join(reasons)}. "
        f"Put another provider behind it as a fallback, such as 'cpu'"
    )


def run_errors() -> tuple[type[Exception], ...]:
    """Everything that ONNX Runtime raises; its own exceptions have no common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as ort

    own = (ort.Fail, ort.EPFail, ort.EngineError, ort.RuntimeException, ort.NotImplemented)
    return (*own, ort.InvalidArgument, *_file_errors(), RuntimeError, ValueError)


def _file_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as ort

    return (ort.InvalidGraph, ort.InvalidProtobuf, ort.NoSuchFile, ort.NoModel)


def _try(model: Path, wishes: Sequence[ExecutionProvider], threads: int) -> Any | str:
    """A session in which the first of `wishes` does work, or why there is none."""
    import onnxruntime

    wish, available = wishes[0], onnxruntime.get_available_providers()
    reason = _unavailable(wish, available)
    if reason is not None:
        return reason
    wish.prepare()
    usable = [each for each in wishes if _unavailable(each, available) is None]
    try:
        session = onnxruntime.InferenceSession(
            os.fspath(model),
            _session_options(onnxruntime, threads),
            providers=[(each.onnxruntime_name, dict(each.options())) for each in usable],
            enable_fallback=0,
        )
    except _file_errors() as error:
        raise _broken(model, error) from error
    except run_errors() as error:
        if wish.onnxruntime_name == _CPU:
            raise _broken(model, error) from error
        return f"ONNX Runtime could not load it: {error}"
    return _unused(wish, session) or session


def _unavailable(wish: ExecutionProvider, available: Sequence[str]) -> str | None:
    missing = wish.missing()
    if missing is None and wish.onnxruntime_name not in available:
        return f"this ONNX Runtime has no {wish.onnxruntime_name}, only {', '.join(available)}"
    return missing


def _unused(wish: ExecutionProvider, session: Any) -> str | None:
    """Why the session does not count as running on `wish`: ONNX Runtime goes on with the CPU in silence."""
    loaded = session.get_providers()
    if loaded[0] != wish.onnxruntime_name:
        return f"ONNX Runtime did not load {wish.onnxruntime_name} and went on with {', '.join(loaded)}"
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return None
    working = {part.ep_name for part in session.get_provider_graph_assignment_info()}
    if working and wish.onnxruntime_name not in working:
        return f"{wish.onnxruntime_name} can run no part of the model; {', '.join(sorted(working))} would"
    return None


def _session_options(onnxruntime: Any, threads: int) -> Any:
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin between runs take the cores from other requests; it saves nothing measurable.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Planned memory holds the largest shape of each length: a fifth more of it, and no faster.
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


def _broken(model: Path, error: Exception) -> ModelFileError:
    found = f"{model.stat().st_size:,} bytes" if model.is_file() else "no such file"
    return ModelFileError(
        f"{model}: expected a sound ONNX model, found {found} that ONNX Runtime refuses ({error}). "
        f"`koe model verify` tells whether the download is complete, `koe model download` repeats it"
    )

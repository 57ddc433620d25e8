"""The execution providers. Option names and values are ONNX Runtime's own, all of them strings."""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from koe.api import ExecutionProvider

from koe_providers.config import (
    CoremlConfig,
    CudaConfig,
    DirectmlConfig,
    OpenvinoConfig,
    RocmConfig,
    TensorrtConfig,
)
from koe_providers.installed import available, on_platform, way_to

C = TypeVar("C")


class OnnxRuntimeProvider(ExecutionProvider, Generic[C]):
    """One that comes with a build of ONNX Runtime.

    `distribution` is the build on PyPI that has it, `extra` the one of koe-providers that brings the build,
    `platforms` the values of `sys.platform` that it exists for (none given: any).
    """

    distribution: ClassVar[str]
    extra: ClassVar[str] = ""
    platforms: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: C) -> None:
        self.config = config

    def missing(self) -> str | None:
        if self.onnxruntime_name in available():
            return None
        if self.platforms and not on_platform(*self.platforms):
            platforms = " and ".join(self.platforms)
            return f"{self.onnxruntime_name} exists on {platforms} only, not on {sys.platform}"
        return (
            f"the ONNX Runtime installed here has no {self.onnxruntime_name}, only {', '.join(available())}. "
            f"{way_to(self.distribution, self.extra)}"
        )


class CpuProvider(OnnxRuntimeProvider[None]):
    """The processor; part of every build. Its threads are `inference.threads`; it has no options."""

    name = "cpu"
    onnxruntime_name = "CPUExecutionProvider"
    distribution = "onnxruntime"

    def options(self) -> Mapping[str, str]:
        return {}


class CudaProvider(OnnxRuntimeProvider[CudaConfig]):
    """NVIDIA GPUs."""

    name = "cuda"
    onnxruntime_name = "CUDAExecutionProvider"
    distribution = "onnxruntime-gpu"
    extra = "cuda"
    platforms = ("linux", "win32")

    def options(self) -> Mapping[str, str]:
        config = self.config
        options = {
            "device_id": str(config.device_id),
            "arena_extend_strategy": config.arena_extend_strategy,
            "cudnn_conv_algo_search": config.cudnn_conv_algo_search,
            "use_tf32": _flag(on=config.use_tf32),
        }
        if config.gpu_mem_limit_bytes:
            options["gpu_mem_limit"] = str(config.gpu_mem_limit_bytes)
        return options

    def prepare(self) -> None:
        _preload_cuda()


class TensorrtProvider(OnnxRuntimeProvider[TensorrtConfig]):
    """NVIDIA GPUs through TensorRT; list `cuda` behind it for what TensorRT does not take."""

    name = "tensorrt"
    onnxruntime_name = "TensorrtExecutionProvider"
    distribution = "onnxruntime-gpu"
    extra = "cuda"
    platforms = ("linux", "win32")

    def options(self) -> Mapping[str, str]:
        config = self.config
        options = {"device_id": str(config.device_id), "trt_fp16_enable": _flag(on=config.fp16)}
        if config.max_workspace_bytes:
            options["trt_max_workspace_size"] = str(config.max_workspace_bytes)
        if config.engine_cache_dir:
            folder = str(Path(config.engine_cache_dir).expanduser())
            options |= {
                "trt_engine_cache_enable": "1",
                "trt_engine_cache_path": folder,
                "trt_timing_cache_enable": "1",
                "trt_timing_cache_path": folder,
            }
        return options

    def prepare(self) -> None:
        _preload_cuda()


class CoremlProvider(OnnxRuntimeProvider[CoremlConfig]):
    """Apple's GPU and neural engine; part of the plain build for macOS."""

    name = "coreml"
    onnxruntime_name = "CoreMLExecutionProvider"
    distribution = "onnxruntime"
    platforms = ("darwin",)

    def options(self) -> Mapping[str, str]:
        config = self.config
        options: dict[str, str] = {"MLComputeUnits": config.compute_units, "ModelFormat": config.model_format}
        if config.cache_dir:
            options["ModelCacheDirectory"] = str(Path(config.cache_dir).expanduser())
        return options


class OpenvinoProvider(OnnxRuntimeProvider[OpenvinoConfig]):
    """Intel processors, GPUs and NPUs."""

    name = "openvino"
    onnxruntime_name = "OpenVINOExecutionProvider"
    distribution = "onnxruntime-openvino"
    extra = "openvino"
    platforms = ("linux", "win32")

    def options(self) -> Mapping[str, str]:
        config = self.config
        options = {"device_type": config.device_type}
        if config.threads:
            options["num_of_threads"] = str(config.threads)
        if config.cache_dir:
            options["cache_dir"] = str(Path(config.cache_dir).expanduser())
        return options


class DirectmlProvider(OnnxRuntimeProvider[DirectmlConfig]):
    """Any DirectX 12 GPU on Windows."""

    name = "directml"
    onnxruntime_name = "DmlExecutionProvider"
    distribution = "onnxruntime-directml"
    extra = "directml"
    platforms = ("win32",)

    def options(self) -> Mapping[str, str]:
        return {"device_id": str(self.config.device_id)}


class RocmProvider(OnnxRuntimeProvider[RocmConfig]):
    """AMD GPUs; ONNX Runtime reaches ROCm through MIGraphX, its own ROCm provider is gone."""

    name = "rocm"
    onnxruntime_name = "MIGraphXExecutionProvider"
    distribution = "onnxruntime-migraphx"
    platforms = ("linux",)

    def options(self) -> Mapping[str, str]:
        config = self.config
        return {"device_id": str(config.device_id), "migraphx_fp16_enable": _flag(on=config.fp16)}


def _flag(*, on: bool) -> str:
    return "1" if on else "0"


def _preload_cuda() -> None:
    """Load CUDA and cuDNN from NVIDIA's pip packages, where they are; the system's are found without."""
    import onnxruntime

    if hasattr(onnxruntime, "preload_dlls"):
        # It prints what it did not find, and standard output may be carrying audio.
        with redirect_stdout(sys.stderr):
            onnxruntime.preload_dlls()

import sys
from pathlib import Path
from typing import get_args

import onnxruntime
import pytest
from attrs import fields
from koe.api import ExecutionProvider
from koe_providers import installed
from koe_providers.config import (
    ComputeUnits,
    CoremlConfig,
    CudaConfig,
    DirectmlConfig,
    OpenvinoConfig,
    ProvidersConfig,
    RocmConfig,
    TensorrtConfig,
)
from koe_providers.providers import (
    CoremlProvider,
    CpuProvider,
    CudaProvider,
    DirectmlProvider,
    OpenvinoProvider,
    RocmProvider,
    TensorrtProvider,
)


@pytest.mark.parametrize(
    ("provider", "options"),
    [
        (CpuProvider(None), {}),
        (
            CudaProvider(CudaConfig()),
            {
                "device_id": "0",
                "arena_extend_strategy": "kSameAsRequested",
                "cudnn_conv_algo_search": "HEURISTIC",
                "use_tf32": "1",
            },
        ),
        (
            CudaProvider(CudaConfig(2, 10**9, "kNextPowerOfTwo", "DEFAULT", use_tf32=False)),
            {
                "device_id": "2",
                "gpu_mem_limit": "1000000000",
                "arena_extend_strategy": "kNextPowerOfTwo",
                "cudnn_conv_algo_search": "DEFAULT",
                "use_tf32": "0",
            },
        ),
        (TensorrtProvider(TensorrtConfig()), {"device_id": "0", "trt_fp16_enable": "0"}),
        (
            TensorrtProvider(TensorrtConfig(1, 4096, fp16=True, engine_cache_dir="/var/trt")),
            {
                "device_id": "1",
                "trt_fp16_enable": "1",
                "trt_max_workspace_size": "4096",
                "trt_engine_cache_enable": "1",
                "trt_engine_cache_path": "/var/trt",
                "trt_timing_cache_enable": "1",
                "trt_timing_cache_path": "/var/trt",
            },
        ),
        (CoremlProvider(CoremlConfig()), {"MLComputeUnits": "ALL", "ModelFormat": "MLProgram"}),
        (
            CoremlProvider(CoremlConfig("CPUAndGPU", "NeuralNetwork", "/var/coreml")),
            {
                "MLComputeUnits": "CPUAndGPU",
                "ModelFormat": "NeuralNetwork",
                "ModelCacheDirectory": "/var/coreml",
            },
        ),
        (OpenvinoProvider(OpenvinoConfig()), {"device_type": "CPU"}),
        (
            OpenvinoProvider(OpenvinoConfig("HETERO:GPU,CPU", 4, "/var/ov")),
            {"device_type": "HETERO:GPU,CPU", "num_of_threads": "4", "cache_dir": "/var/ov"},
        ),
        (DirectmlProvider(DirectmlConfig(3)), {"device_id": "3"}),
        (RocmProvider(RocmConfig()), {"device_id": "0", "migraphx_fp16_enable": "0"}),
        (RocmProvider(RocmConfig(1, fp16=True)), {"device_id": "1", "migraphx_fp16_enable": "1"}),
    ],
)
def test_every_setting_becomes_an_option_of_onnx_runtime(provider, options):
    assert provider.options() == options


@pytest.mark.parametrize(
    ("provider", "option"),
    [
        (TensorrtProvider(TensorrtConfig(engine_cache_dir="~/trt")), "trt_engine_cache_path"),
        (CoremlProvider(CoremlConfig(cache_dir="~/trt")), "ModelCacheDirectory"),
        (OpenvinoProvider(OpenvinoConfig(cache_dir="~/trt")), "cache_dir"),
    ],
)
def test_a_tilde_in_a_folder_is_the_home_folder(provider, option):
    assert provider.options()[option] == str(Path.home() / "trt")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CudaConfig(device_id=-1),
        lambda: CudaConfig(gpu_mem_limit_bytes=-1),
        lambda: CudaConfig(arena_extend_strategy="kAlways"),  # type: ignore[arg-type]
        lambda: CudaConfig(cudnn_conv_algo_search="FAST"),  # type: ignore[arg-type]
        lambda: TensorrtConfig(max_workspace_bytes=-1),
        lambda: CoremlConfig(compute_units="GPU"),  # type: ignore[arg-type]
        lambda: CoremlConfig(model_format="ONNX"),  # type: ignore[arg-type]
        lambda: OpenvinoConfig(threads=-1),
        lambda: DirectmlConfig(device_id=-1),
        lambda: RocmConfig(device_id=-1),
    ],
)
def test_values_that_onnx_runtime_would_refuse_are_refused_in_the_config(wrong):
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize("units", get_args(ComputeUnits))
def test_every_listed_compute_unit_is_accepted(units):
    assert CoremlConfig(compute_units=units).compute_units == units


def test_there_is_a_table_for_every_provider_with_options():
    assert [each.name for each in fields(ProvidersConfig)] == [
        "cuda",
        "tensorrt",
        "coreml",
        "openvino",
        "directml",
        "rocm",
    ]


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


def reason(provider: ExecutionProvider) -> str:
    missing = provider.missing()
    assert missing is not None
    return missing


def with_builds(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(installed, "_is_installed", lambda name: name in names)


def test_a_provider_of_the_installed_build_is_not_missing(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["DmlExecutionProvider"])
    assert DirectmlProvider(DirectmlConfig()).missing() is None


def test_a_missing_provider_names_the_package_and_how_not_to_overwrite_it(linux, monkeypatch):
    with_builds(monkeypatch, "onnxruntime")
    assert CudaProvider(CudaConfig()).missing() == (
        "the ONNX Runtime installed here has no CUDAExecutionProvider, only CPUExecutionProvider. "
        "`pip install 'koe-providers[cuda]'` brings it; all builds of ONNX Runtime share one folder and "
        "overwrite each other's files, so finish with `pip uninstall -y onnxruntime onnxruntime-gpu` and "
        "`pip install --no-deps onnxruntime-gpu`"
    )


def test_two_builds_that_overwrote_each_other_are_found(linux, monkeypatch):
    with_builds(monkeypatch, "onnxruntime", "onnxruntime-gpu")
    told = reason(TensorrtProvider(TensorrtConfig()))
    assert "onnxruntime-gpu is installed, but so is onnxruntime;" in told
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in told


def test_the_right_build_without_the_provider_wants_another_version(linux, monkeypatch):
    with_builds(monkeypatch, "onnxruntime-openvino")
    assert "onnxruntime-openvino is installed without it" in reason(OpenvinoProvider(OpenvinoConfig()))


def test_a_build_that_no_extra_brings_is_named_itself(linux, monkeypatch):
    with_builds(monkeypatch)
    assert reason(RocmProvider(RocmConfig())).endswith("`pip install onnxruntime-migraphx` brings it")


@pytest.mark.parametrize(
    "provider",
    [CoremlProvider(CoremlConfig()), DirectmlProvider(DirectmlConfig())],
    ids=["coreml", "directml"],
)
def test_a_provider_of_another_system_says_so_and_offers_no_package(linux, provider):
    assert reason(provider).endswith("only, not on linux")
    assert "pip install" not in reason(provider)


@pytest.mark.parametrize("provider", [CudaProvider(CudaConfig()), TensorrtProvider(TensorrtConfig())])
def test_cudas_libraries_are_loaded_without_a_word_on_standard_output(monkeypatch, capsys, provider):
    monkeypatch.setattr(
        onnxruntime, "preload_dlls", lambda: sys.stdout.write("libcudart not found"), raising=False
    )
    provider.prepare()
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "libcudart not found")


def test_an_onnx_runtime_that_cannot_preload_is_left_alone(monkeypatch):
    monkeypatch.delattr(onnxruntime, "preload_dlls")
    CudaProvider(CudaConfig()).prepare()


def test_the_installed_builds_are_found():
    assert "onnxruntime" in installed.builds()

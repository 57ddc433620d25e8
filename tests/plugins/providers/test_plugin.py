import pluggy
import pytest
from koe.api import ExecutionProvider, Plugin
from koe.hooks import PROJECT
from koe.testing.conformance.providers import ExecutionProviderConformance
from koe_providers import ProvidersConfig, ProvidersPlugin

NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "directml": "DmlExecutionProvider",
    "rocm": "MIGraphXExecutionProvider",
}


def registered() -> dict[str, ExecutionProvider]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Plugin)
    manager.register(ProvidersPlugin(ProvidersConfig()))
    (providers,) = manager.hook.register_execution_providers()
    return {provider.name: provider for provider in providers}


def test_the_plugin_registers_every_provider_under_its_name():
    assert {name: each.onnxruntime_name for name, each in registered().items()} == NAMES


def test_onnx_runtime_knows_all_of_the_names():
    import onnxruntime

    assert set(NAMES.values()) <= set(onnxruntime.get_all_providers())


@pytest.mark.parametrize("name", NAMES)
class TestConformance(ExecutionProviderConformance):
    @pytest.fixture
    def provider(self, name):
        return registered()[name]

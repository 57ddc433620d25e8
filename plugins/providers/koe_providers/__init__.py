"""ONNX Runtime's execution providers as components of koe."""

from koe.api import ExecutionProvider, Plugin, hookimpl

from koe_providers.config import ProvidersConfig
from koe_providers.providers import (
    CoremlProvider,
    CpuProvider,
    CudaProvider,
    DirectmlProvider,
    OpenvinoProvider,
    RocmProvider,
    TensorrtProvider,
)


class ProvidersPlugin(Plugin):
    """Registers `cpu`, `cuda`, `tensorrt`, `coreml`, `openvino`, `directml` and `rocm`."""

    Config = ProvidersConfig

    def __init__(self, config: ProvidersConfig) -> None:
        super().__init__(config)
        self._config = config

    @hookimpl
    def register_execution_providers(self) -> list[ExecutionProvider]:
        config = self._config
        return [
            CpuProvider(None),
            CudaProvider(config.cuda),
            TensorrtProvider(config.tensorrt),
            CoremlProvider(config.coreml),
            OpenvinoProvider(config.openvino),
            DirectmlProvider(config.directml),
            RocmProvider(config.rocm),
        ]


__all__ = ["ProvidersConfig", "ProvidersPlugin"]

"""What `[plugins.providers]` can say: one table for each execution provider that has options."""

from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, in_

ArenaStrategy = Literal["kNextPowerOfTwo", "kSameAsRequested"]
ConvSearch = Literal["EXHAUSTIVE", "HEURISTIC", "DEFAULT"]
ComputeUnits = Literal["ALL", "CPUOnly", "CPUAndGPU", "CPUAndNeuralEngine"]
ModelFormat = Literal["MLProgram", "NeuralNetwork"]


@frozen
class CudaConfig:
    """`[plugins.providers.cuda]`: NVIDIA GPUs.

    Attributes:
        device_id: which GPU, from 0.
        gpu_mem_limit_bytes: most memory of the arena; 0 for no limit.
        arena_extend_strategy: how the arena grows; the default keeps it near what segments need.
        cudnn_conv_algo_search: how convolutions are chosen. `EXHAUSTIVE` measures anew for every new
            segment length, which costs more than it gains where all lengths differ.
        use_tf32: whether matrix products may round to TF32.
    """

    device_id: int = field(default=0, validator=ge(0))
    gpu_mem_limit_bytes: int = field(default=0, validator=ge(0))
    arena_extend_strategy: ArenaStrategy = field(
        default="kSameAsRequested", validator=in_(("kNextPowerOfTwo", "kSameAsRequested"))
    )
    cudnn_conv_algo_search: ConvSearch = field(
        default="HEURISTIC", validator=in_(("EXHAUSTIVE", "HEURISTIC", "DEFAULT"))
    )
    use_tf32: bool = True


@frozen
class TensorrtConfig:
    """`[plugins.providers.tensorrt]`: NVIDIA GPUs through TensorRT.

    Attributes:
        device_id: which GPU, from 0.
        max_workspace_bytes: most memory while an engine is built; 0 for TensorRT's own choice.
        fp16: whether TensorRT may compute in half precision.
        engine_cache_dir: where built engines are kept; empty: they are built at every start, for minutes.
    """

    device_id: int = field(default=0, validator=ge(0))
    max_workspace_bytes: int = field(default=0, validator=ge(0))
    fp16: bool = False
    engine_cache_dir: str = ""


@frozen
class CoremlConfig:
    """`[plugins.providers.coreml]`: Apple's GPU and neural engine.

    Attributes:
        compute_units: what Core ML may run on.
        model_format: `MLProgram` knows more operators and wants macOS 12.
        cache_dir: where compiled models are kept; empty: compiled at every start.
    """

    compute_units: ComputeUnits = field(
        default="ALL", validator=in_(("ALL", "CPUOnly", "CPUAndGPU", "CPUAndNeuralEngine"))
    )
    model_format: ModelFormat = field(default="MLProgram", validator=in_(("MLProgram", "NeuralNetwork")))
    cache_dir: str = ""


@frozen
class OpenvinoConfig:
    """`[plugins.providers.openvino]`: Intel processors, GPUs and NPUs.

    Attributes:
        device_type: `CPU`, `GPU`, `GPU.1`, `NPU`, or a combination such as `HETERO:GPU,CPU`.
        threads: within one inference on the processor; 0 for OpenVINO's own choice.
        cache_dir: where compiled models are kept; empty: compiled at every start.
    """

    device_type: str = "CPU"
    threads: int = field(default=0, validator=ge(0))
    cache_dir: str = ""


@frozen
class DirectmlConfig:
    """`[plugins.providers.directml]`: any DirectX 12 GPU on Windows.

    Attributes:
        device_id: which adapter, from 0.
    """

    device_id: int = field(default=0, validator=ge(0))


@frozen
class RocmConfig:
    """`[plugins.providers.rocm]`: AMD GPUs through MIGraphX.

    Attributes:
        device_id: which GPU, from 0.
        fp16: whether MIGraphX may compute in half precision.
    """

    device_id: int = field(default=0, validator=ge(0))
    fp16: bool = False


@frozen
class ProvidersConfig:
    """`[plugins.providers]`: options of the execution providers that have any.

    `inference.providers` chooses among them.
    """

    cuda: CudaConfig = CudaConfig()
    tensorrt: TensorrtConfig = TensorrtConfig()
    coreml: CoremlConfig = CoremlConfig()
    openvino: OpenvinoConfig = OpenvinoConfig()
    directml: DirectmlConfig = DirectmlConfig()
    rocm: RocmConfig = RocmConfig()

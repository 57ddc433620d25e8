"""Which ONNX Runtime is installed, and how to get another one."""

import importlib.metadata
import sys

_BUILDS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnxruntime-directml",
    "onnxruntime-migraphx",
    "onnxruntime-rocm",
)


def available() -> list[str]:
    """The execution providers of the ONNX Runtime that is imported here, under its own names."""
    import onnxruntime

    names: list[str] = onnxruntime.get_available_providers()
    return names


def builds() -> list[str]:
    """The distributions that are installed and bring ONNX Runtime; more than one is one too many."""
    return [name for name in _BUILDS if _is_installed(name)]


def way_to(distribution: str, extra: str = "") -> str:
    """How to get `distribution`, which may be there already and be overwritten by another one."""
    source = f"`pip install 'koe-providers[{extra}]'`" if extra else f"`pip install {distribution}`"
    others = [name for name in builds() if name != distribution]
    if distribution not in builds():
        return f"{source} brings it{_overwriting(distribution, others)}"
    if not others:
        return f"{distribution} is installed without it: install another version of {distribution}"
    return (
        f"{distribution} is installed, but so is {' and '.join(others)}{_overwriting(distribution, others)}"
    )


def on_platform(*platforms: str) -> bool:
    return sys.platform in platforms


def _overwriting(distribution: str, others: list[str]) -> str:
    if not others:
        return ""
    remove = " ".join([*others, distribution])
    return (
        f"; all builds of ONNX Runtime share one folder and overwrite each other's files, so finish with "
        f"`pip uninstall -y {remove}` and `pip install --no-deps {distribution}`"
    )


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True

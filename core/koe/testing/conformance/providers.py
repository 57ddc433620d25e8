"""What every execution provider must do."""

from pathlib import Path

import pytest

from koe.api import EngineRuntime, ExecutionProvider
from koe.kokoro.session import open_session
from koe.testing.tiny_model import write_tiny_model


class ExecutionProviderConformance:
    """Subclass, and override `provider` with a fixture that builds yours."""

    @pytest.fixture
    def provider(self) -> ExecutionProvider:
        raise NotImplementedError("override the fixture `provider`")

    def test_has_a_name(self, provider: ExecutionProvider) -> None:
        assert provider.name
        assert provider.name == provider.name.strip().lower()

    def test_names_what_onnx_runtime_calls_it(self, provider: ExecutionProvider) -> None:
        assert provider.onnxruntime_name.endswith("ExecutionProvider")

    def test_options_are_strings(self, provider: ExecutionProvider) -> None:
        """ONNX Runtime takes option values as text; two calls give the same."""
        options = provider.options()
        values: list[object] = [*options.keys(), *options.values()]
        assert [value for value in values if not isinstance(value, str) or not value] == []
        assert provider.options() == options

    def test_says_why_it_is_missing(self, provider: ExecutionProvider) -> None:
        """A provider that the installed ONNX Runtime lacks has a reason; one that it has may have one."""
        import onnxruntime

        reason = provider.missing()
        assert reason is not None or provider.onnxruntime_name in onnxruntime.get_available_providers()
        assert reason is None or reason.strip()

    def test_runs_a_model_where_it_is_not_missing(self, provider: ExecutionProvider, tmp_path: Path) -> None:
        """A session with its options runs on the provider itself and not on a silent substitute."""
        if provider.missing() is not None:
            pytest.skip(f"{provider.name} is missing here: {provider.missing()}")
        tiny = write_tiny_model(tmp_path, voices=("af_heart",))
        opened = open_session(tiny.model, EngineRuntime((provider,)))
        assert opened.provider == provider.onnxruntime_name

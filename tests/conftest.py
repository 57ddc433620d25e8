"""What every test starts from."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.deploy.image import Builder, can_contain


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, those of a file stay together, and those that want `image`."""
    for item in items:
        wants_image = "image" in getattr(item, "fixturenames", ())
        group = "image" if wants_image else str(item.path.relative_to(item.config.rootpath))
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_configure() -> None:
    _log_plainly()


def _log_plainly() -> None:
    """Tracebacks as Python writes them: those that structlog draws by itself take seconds each."""
    structlog.reset_defaults()
    *processors, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, plain])


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """The Dockerfile's steps, run once for all tests that want a fresh installation.

    The stage `build` is always there; `cpu` where this process may make namespaces.
    """
    builder = Builder(tmp_path_factory.mktemp("image"), arguments={})
    builder.build("cpu" if can_contain() else "build")
    return builder


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Tests that run the command line set up logging for their own standard error only."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    _log_plainly()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)

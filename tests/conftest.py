"""What every test starts from."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.deploy.image import Builder, can_contain

WANT_IMAGE = ("tests/deploy/test_dockerfile.py", "tests/packaging/test_fresh_install.py")
"""The files whose tests take the fixture `image`: one process runs them all, so that it is built once."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several processes share the tests, those of a file stay together, and those that want `image`.

    Their fixtures are made once then. Marks for groups would not do: xdist 3.8 takes them for nothing with
    pytest 9.2, and says nothing.
    """
    from xdist.scheduler import LoadFileScheduling

    if config.getvalue("dist") != "loadfile":
        return None
    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = _together
    return scheduler


def _together(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "image" if file in WANT_IMAGE else file


def pytest_itemcollected(item: pytest.Item) -> None:
    if "image" in getattr(item, "fixturenames", ()) and _together(item.nodeid) != "image":
        raise pytest.UsageError(
            f"{item.nodeid} wants `image`, so name its file in WANT_IMAGE of tests/conftest.py"
        )


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

"""`koe serve`: the HTTP server."""

from koe.cli.options import NO_OPTIONS, ConfigOptions, assignment
from koe.http.service import KoeService
from koe.http.supervisor import run_server
from koe.plugins import load


def serve(
    *,
    host: str = "",
    port: int | None = None,
    workers: int | None = None,
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Serve the HTTP API until SIGTERM or Ctrl+C.

    Parameters
    ----------
    host: str
        Address to listen on, instead of server.host (127.0.0.1).
    port: int
        TCP port, instead of server.port (8354); 0 takes a free one.
    workers: int
        Server processes that share the port, instead of server.workers (1).
    """
    assignments = [assignment("server.host", host)] if host else []
    assignments += [f"server.port={port}"] if port is not None else []
    assignments += [f"server.workers={workers}"] if workers is not None else []
    configuration = options.load(*assignments, quiet=False)
    registry, settings = load(configuration), configuration.settings
    return run_server(lambda: KoeService(registry, settings), settings.server)

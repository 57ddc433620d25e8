"""How many files, sockets among them, this process may have open."""

import resource

import structlog

log = structlog.get_logger(__name__)

OTHERS = 256
"""Descriptors for all that is no client's connection: models, caches, logs, connections that are closing."""


def allow_connections(count: int) -> None:
    """Raise this process's own limit where it is too low, as far as the system lets it; warn otherwise."""
    wanted = count + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "few_files_allowed",
            allowed=allowed,
            wanted=wanted,
            hint="raise the limit of open files (ulimit -Hn), or lower server.max_connections",
        )

"""The listening socket and what can be wrong with it before the server starts."""

import errno
import socket
import ssl
from functools import partial
from pathlib import Path

from hypercorn.config import Config

from koe.errors import ConfigError, KoeError
from koe.settings import ServerSettings

_WAYS_OUT = {
    errno.EADDRINUSE: (
        "the port is in use, perhaps by another koe. Stop that program, or choose another port with --port "
        "or server.port (0 takes a free one)"
    ),
    errno.EACCES: (
        "this user may not listen there. Choose a port from 1024 up with --port or server.port, or put a "
        "proxy in front"
    ),
    errno.EADDRNOTAVAIL: (
        "this machine has no such address. Choose one of its own with --host or server.host "
        "(127.0.0.1 for this machine only, 0.0.0.0 for all its IPv4 addresses)"
    ),
}


class AddressUnavailableError(KoeError):
    """The server cannot listen on the address that the config names."""

    code = "address_unavailable"


def bind(settings: ServerSettings) -> socket.socket:
    """Bind `server.host` and `server.port`. Nothing connects before `listen`.

    Raises:
        AddressUnavailableError: the address is taken, forbidden, foreign or unknown.
    """
    family, kind, protocol, _, address = _resolve(settings)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unavailable(settings, error) from error
    return listener


def listen(listener: socket.socket, settings: ServerSettings, backlog: int) -> None:
    """Let clients connect.

    Raises:
        AddressUnavailableError: another process has begun to listen there since `bind`.
    """
    try:
        listener.listen(backlog)
    except OSError as error:
        raise _unavailable(settings, error) from error


def url(listener: socket.socket, settings: ServerSettings) -> str:
    """Where the server answers, with the real port."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if settings.certfile else 'http'}://{shown}:{port}"


def check_tls(settings: ServerSettings) -> None:
    """Read the certificates and the key once.

    Raises:
        ConfigError: only one of certificate and key is set, they cannot be read or do not belong together,
            no client could be checked, or no cipher is left.
    """
    if not (settings.certfile or settings.keyfile or settings.client_ca):
        return
    problems = _unreadable(settings) or _unusable(settings)
    if problems:
        raise ConfigError(problems)


def set_tls(config: Config, settings: ServerSettings) -> None:
    """Tell hypercorn about certificates; without any it speaks plainly."""
    if not settings.certfile:
        return
    config.certfile, config.keyfile = settings.certfile, settings.keyfile
    config.keyfile_password = ""  # nobody is there to be asked for one
    config.ciphers = settings.ciphers
    if settings.client_ca:
        config.ca_certs, config.verify_mode = settings.client_ca, ssl.VerifyMode.CERT_REQUIRED


def _resolve(settings: ServerSettings) -> tuple[int, int, int, str, tuple[object, ...]]:
    try:
        return socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise AddressUnavailableError(
            f"Cannot listen on {settings.host}:{settings.port}: the host name is unknown ({error}). Give an "
            "address of this machine with --host or server.host"
        ) from error


def _unavailable(settings: ServerSettings, error: OSError) -> AddressUnavailableError:
    reason = _WAYS_OUT.get(error.errno or 0, str(error))
    return AddressUnavailableError(f"Cannot listen on {settings.host}:{settings.port}: {reason}.")


def _unreadable(settings: ServerSettings) -> list[str]:
    files = {"server.certfile": settings.certfile, "server.keyfile": settings.keyfile}
    if settings.client_ca:
        files["server.client_ca"] = settings.client_ca
    problems = []
    for key, name in files.items():
        if not name:
            problems.append(f"{key} is empty: TLS needs both server.certfile and server.keyfile, or neither")
            continue
        try:
            with Path(name).open("rb"):
                pass
        except OSError as error:
            problems.append(f"{key} = {name!r} cannot be read: {error.strerror}")
    return problems


def _unusable(settings: ServerSettings) -> list[str]:
    """What OpenSSL does not take, each as a problem."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    attempts = {
        f"server.certfile = {settings.certfile!r} and server.keyfile = {settings.keyfile!r} are not a PEM "
        "certificate chain and its private key without a password": partial(
            context.load_cert_chain, settings.certfile, settings.keyfile, password=""
        ),
        f"server.ciphers = {settings.ciphers!r} leaves no cipher; expected OpenSSL's notation such as "
        "'ECDHE+AESGCM'": partial(context.set_ciphers, settings.ciphers),
    }
    if settings.client_ca:
        said = f"server.client_ca = {settings.client_ca!r} holds no PEM certificates"
        attempts[said] = partial(context.load_verify_locations, settings.client_ca)
    problems = []
    for said, attempt in attempts.items():
        try:
            attempt()
        except (ssl.SSLError, OSError) as error:
            problems.append(f"{said}: {error}")
    return problems

"""The middleware that asks for keys."""

from collections.abc import Sequence

from attrs import frozen
from koe.api import Access, DescribedMiddleware, access
from starlette.authentication import AuthCredentials, SimpleUser, UnauthenticatedUser
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from koe_auth.errors import InvalidKeyError, MissingKeyError, MissingScopeError
from koe_auth.keyring import Keyring
from koe_auth.keys import Key

_SCHEME = "bearer"


@frozen
class PublicPaths:
    """What is open without a key."""

    paths: tuple[str, ...]

    def __contains__(self, path: str) -> bool:
        return any(
            path == one or (one.endswith("*") and path.startswith(one.removesuffix("*")))
            for one in self.paths
        )


class KeyGuard:
    """Lets a request through whose key has the scope that its route needs, and says whose key it was.

    What no route answers goes through, too, to be told so.
    """

    def __init__(self, app: ASGIApp, *, keyring: Keyring, public: PublicPaths) -> None:
        self.app = app
        self._keyring = keyring
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            wanted = access(scope)
            guarded = wanted is not None and wanted.path not in self._public
            key = self._key(scope, required=guarded)
            if guarded and key is not None and wanted is not None:
                _check_scope(key, wanted)
            scope["user"] = SimpleUser(key.name) if key is not None else UnauthenticatedUser()
            scope["auth"] = AuthCredentials(sorted(key.scopes) if key is not None else ())
        await self.app(scope, receive, send)

    def _key(self, scope: Scope, *, required: bool) -> Key | None:
        """The key that was sent; None only where none is required."""
        token = _token(Headers(scope=scope).getlist("authorization"))
        key = self._keyring.now().find(token) if token else None
        if key is None and required:
            raise _refusal(token)
        return key


def guard(keyring: Keyring, public: Sequence[str]) -> DescribedMiddleware:
    """The middleware, described for `/openapi.json`."""
    paths = PublicPaths(tuple(public))
    return DescribedMiddleware(
        KeyGuard,
        keyring=keyring,
        public=paths,
        concerns=lambda one: one.path not in paths,
        errors=(MissingKeyError, InvalidKeyError, MissingScopeError),
        security={
            "ApiKey": {
                "type": "http",
                "scheme": _SCHEME,
                "description": "An API key of this server: `Authorization: Bearer koe_…`.",
            }
        },
    )


def _token(headers: Sequence[str]) -> bytes:
    """The key in the one `Authorization` header; empty where there is none, or more than one."""
    if len(headers) != 1:
        return b""
    scheme, _, token = headers[0].strip().partition(" ")
    return token.strip().encode("latin-1") if scheme.lower() == _SCHEME else b""


def _refusal(token: bytes) -> MissingKeyError | InvalidKeyError:
    if token:
        return InvalidKeyError("The API key is not known here; it may be mistyped, cut off or revoked")
    return MissingKeyError("An API key is needed here; send it once, as `Authorization: Bearer koe_…`")


def _check_scope(key: Key, wanted: Access) -> None:
    if wanted.needs is not None and wanted.needs not in key.scopes:
        raise MissingScopeError(wanted.needs)

"""What a request without the right key is answered with."""

from collections.abc import Mapping

from koe.api import ForbiddenError, InvalidRequestError


class MissingKeyError(InvalidRequestError):
    """No API key was sent, or more than one."""

    status = 401
    code = "missing_api_key"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"www-authenticate": "Bearer"}


class InvalidKeyError(InvalidRequestError):
    """The API key is not known here: mistyped, cut off or revoked."""

    status = 401
    code = "invalid_api_key"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"www-authenticate": 'Bearer error="invalid_token"'}


class MissingScopeError(ForbiddenError):
    """The API key is known, but not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs an API key with the scope {scope!r}, which this one does not have")
        self.scope = scope

    @property
    def headers(self) -> Mapping[str, str]:
        return {"www-authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'}

"""The error family: every error has an HTTP status and a stable code."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class KoeError(Exception):
    """Base of all errors that koe raises on purpose.

    `status`, `code` and `type` become the HTTP answer; `param` names the request field at fault.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    type: ClassVar[str] = "server_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def __str__(self) -> str:
        return self.message

    @property
    def headers(self) -> Mapping[str, str]:
        """What the HTTP answer says in its headers, besides the common ones."""
        return {}


class InvalidRequestError(KoeError):
    """The request cannot be served as it stands; sending it again will not help."""

    status = 400
    code = "invalid_value"
    type = "invalid_request_error"


class UnknownVoiceError(InvalidRequestError):
    """A voice that no open engine has."""

    code = "voice_not_found"


class UnknownModelError(InvalidRequestError):
    """A model name that is neither an engine nor an alias of one."""

    status = 404
    code = "model_not_found"


class UnsupportedFormatError(InvalidRequestError):
    """A response format, sample rate or bitrate that no enabled plugin offers."""

    code = "unsupported_format"


class UnsupportedLanguageError(InvalidRequestError):
    """A language that no phonemizer or engine supports."""

    code = "unsupported_language"


class NothingToSpeakError(InvalidRequestError):
    """The text holds nothing that can be spoken."""

    code = "nothing_to_speak"


class TextTooLongError(InvalidRequestError):
    """The text is longer than the configured limit."""

    code = "text_too_long"


class BodyTooLargeError(InvalidRequestError):
    """The request body is larger than the configured limit."""

    status = 413
    code = "body_too_large"


class BodyTimeoutError(InvalidRequestError):
    """The request body did not come in time."""

    status = 408
    code = "request_timeout"


class UnsupportedMediaTypeError(InvalidRequestError):
    """The request body is not of the type that the route reads."""

    status = 415
    code = "unsupported_media_type"


class ForbiddenError(InvalidRequestError):
    """Whoever asks may not have this; a key with other rights may."""

    status = 403
    code = "forbidden"


class NotFoundError(InvalidRequestError):
    """No such path."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(InvalidRequestError):
    """The path exists, but not for this HTTP method."""

    status = 405
    code = "method_not_allowed"


class OverloadedError(KoeError):
    """No room: all places are taken and the queue is full, or its deadline has passed."""

    status = 503
    code = "overloaded"
    type = "overloaded_error"

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DrainingError(OverloadedError):
    """The server is shutting down and takes no new work."""

    code = "shutting_down"


class StageError(KoeError):
    """A pipeline stage failed. Names the stage, the component and the plugin that owns it."""

    code = "stage_failed"

    def __init__(self, stage: str, component: str, plugin: str, cause: BaseException) -> None:
        super().__init__(
            f"The {stage} stage failed in component {component!r} of plugin {plugin!r}: "
            f"{type(cause).__name__}: {cause}"
        )
        self.stage = stage
        self.component = component
        self.plugin = plugin


class CancelledByCallerError(KoeError):
    """Work that was stopped because nobody waits for it any more. Never reaches a client."""

    status = 499
    code = "cancelled"


class ModelFileError(KoeError):
    """A model or voice file is missing, truncated or of the wrong shape.

    The message names the file, what was expected and what was found.
    """

    code = "model_file"


class EngineUnavailableError(KoeError):
    """The engine that the config asks for cannot speak here. The message says how to get it."""

    status = 503
    code = "engine_unavailable"


class ExecutionProviderError(KoeError):
    """No execution provider of the wish list could be used."""

    code = "execution_provider"


class ConfigError(KoeError):
    """One or more mistakes in the configuration, all of them, ready to print (exit code 2)."""

    code = "config"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} configuration {'error' if count == 1 else 'errors'}"
        super().__init__(head + ":\n" + "\n".join(f"  - {problem}" for problem in self.problems))

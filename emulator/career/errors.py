"""The error answers of the generic career contract: `{"error": {"code", "message", "field"?}}`."""

from collections.abc import Mapping

from emulator.http import Response, json_response


class ApiError(Exception):
    """An answer other than success; `status` is the HTTP status, `code` the contract's stable word."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {message}")

    def body(self) -> dict[str, str]:
        """What stands under `error`."""
        told = {"code": self.code, "message": self.message}
        return told if self.field is None else {**told, "field": self.field}

    def response(self) -> Response:
        """The whole answer."""
        return json_response({"error": self.body()}, status=self.status, headers=self.headers)


def unauthorized() -> ApiError:
    """No key, or one that this tenant does not know."""
    return ApiError(401, "unauthorized", "The key is missing or not valid.", headers={"WWW-Authenticate": "Bearer"})


def forbidden(what: str) -> ApiError:
    """The key is valid but may not do this."""
    return ApiError(403, "forbidden", f"This key may not {what}.")


def not_found(what: str) -> ApiError:
    """No such path or record."""
    return ApiError(404, "not_found", f"There is no such {what}.")


def method_not_allowed(allowed: str) -> ApiError:
    """The path exists, the method does not."""
    return ApiError(405, "method_not_allowed", "This path does not know that method.", headers={"Allow": allowed})


def key_conflict(message: str) -> ApiError:
    """A key was used before for something else."""
    return ApiError(409, "key_conflict", message, field="key")


def cursor_expired() -> ApiError:
    """The change feed no longer reaches back to this cursor."""
    return ApiError(410, "cursor_expired", "The change feed does not reach back that far; read everything again.")


def precondition_failed() -> ApiError:
    """The record is no longer the one that the etag names."""
    return ApiError(412, "precondition_failed", "The record has changed since it was read.")


def invalid(field: str, message: str) -> ApiError:
    """A value that can never be accepted as it is."""
    return ApiError(422, "invalid", message, field=field)


def precondition_required() -> ApiError:
    """An API key must say which version it decided on."""
    return ApiError(428, "precondition_required", "API keys must send If-Match (or etag in a batch).")


def throttled(retry_after: str) -> ApiError:
    """Too many calls; `retry_after` is the header's text."""
    return ApiError(429, "throttled", "Too many calls.", headers={"Retry-After": retry_after} if retry_after else {})


def unavailable(retry_after: str = "") -> ApiError:
    """The service is down for a while."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return ApiError(503, "unavailable", "The service is not available.", headers=headers)

"""Errors as Salesforce words them: one value, printed in the shape of the endpoint that met it.

Texts follow recorded bodies where one exists; each test quotes its mark.
"""

from typing import Any

from emulator.http import Response, json_response

_CODE_FIRST = frozenset(
    {
        *("NOT_FOUND", "METHOD_NOT_ALLOWED", "PROVIDED_EXTERNAL_ID_FIELD_DOES_NOT_EXIST_OR_IS_NOT_ACCESSIBLE"),
        "PROCESSING_HALTED",
    }
)
"""Codes whose bodies begin with the code [recordings; REST guide]."""


class SalesforceError(Exception):
    """A refusal. `fields` None leaves the key out, as errors that are not about a record do."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: tuple[str, ...] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        self.extra = extra or {}

    def body(self) -> list[dict[str, Any]]:
        """The body of a refused single request: always a list."""
        if self.code in _CODE_FIRST:
            return [{"errorCode": self.code, "message": self.message}]
        if self.extra:
            return [{**self.extra, "errorCode": self.code, "message": self.message}]
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return [body]

    def item(self) -> dict[str, Any]:
        """One entry of `errors` in an answer about several records: the key is statusCode."""
        return {**self.extra, "statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}

    def response(self) -> Response:
        """The whole answer to a refused single request."""
        return json_response(self.body(), status=self.status)


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    """No such path, object or record (also a soft-deleted one)."""
    return SalesforceError("NOT_FOUND", message, status=404)


def no_such_key(text: str) -> SalesforceError:
    """An address whose last part is no id is read as an external id that is not there [issue threads]."""
    return not_found(f"Provided external ID field does not exist or is not accessible: {text}")


def no_such_column(field: str, sobject: str) -> SalesforceError:
    """A body names a field that the object has not, or that the user may not see."""
    return SalesforceError("INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}")


def read_only(fields: list[str]) -> SalesforceError:
    """A body sets fields that are read-only, by nature or by field-level security."""
    message = (
        f"Unable to create/update fields: {', '.join(fields)}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set."
    )
    return SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=tuple(fields))


def required_missing(fields: list[str]) -> SalesforceError:
    """A create lacks required fields."""
    names = ", ".join(fields)
    return SalesforceError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{names}]", fields=tuple(fields))


def bad_choice(label: str, field: str, value: object) -> SalesforceError:
    """A value that a restricted picklist does not have."""
    message = f"{label}: bad value for restricted picklist field: {value}"
    return SalesforceError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=(field,))


def duplicate_value(field: str, existing: str) -> SalesforceError:
    """A value that must be unique is taken by the record `existing`."""
    message = f"duplicate value found: {field} duplicates value on record with id: {existing}"
    return SalesforceError("DUPLICATE_VALUE", message, fields=())


def entity_deleted() -> SalesforceError:
    """A write to a record in the recycle bin."""
    return SalesforceError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=())


def invalid_reference(message: str = "invalid cross reference id", *fields: str) -> SalesforceError:
    """An id that leads to nothing."""
    return SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=fields)


def insufficient_access(message: str = "insufficient access rights on object id") -> SalesforceError:
    """The user may not do this to that record."""
    return SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", message, fields=())


def parser_error(message: str) -> SalesforceError:
    """The body is not the JSON that was expected."""
    return SalesforceError("JSON_PARSER_ERROR", message)


def rolled_back() -> SalesforceError:
    """A record that was fine itself but whose neighbour was not."""
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return SalesforceError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, fields=())


def processing_halted() -> SalesforceError:
    """A subrequest of a series that failed elsewhere."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return SalesforceError("PROCESSING_HALTED", message)

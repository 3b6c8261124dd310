"""Errors in the shape of Stripe's: `{"error": {"type", "code", "message", "param"}}` and a status."""

from typing import Any


class StripeError(Exception):
    """Raised to answer an API request with an error.

    `kept` says whether an idempotency key remembers the answer: Stripe keeps what happened once a request was
    executed, and forgets requests that never began (wrong parameters, wrong key, conflicts).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error_type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        more: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error_type = error_type
        self.code = code
        self.param = param
        self.kept = kept
        self.more = more or {}
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the body of the answer."""
        error: dict[str, Any] = {}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        error["message"] = self.message
        if self.param:
            error["param"] = self.param
        error["type"] = self.error_type
        return {"error": error | self.more}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """Return the error of a request whose parameters are wrong: nothing was begun, no key remembers it."""
    return StripeError(message, param=param, code=code)


def refused(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """Return the error of a well-formed request that the state forbids; its idempotency key remembers it."""
    return StripeError(message, param=param, code=code, kept=True)


def missing_parameter(param: str) -> StripeError:
    """Return the error of an absent required parameter."""
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def no_such(noun: str, identifier: str, *, param: str = "id", status: int = 404) -> StripeError:
    """Return the error of an identifier that names nothing the caller may see."""
    return StripeError(f"No such {noun}: '{identifier}'", status=status, code="resource_missing", param=param)


def account_forbidden(account: str, key: str) -> StripeError:
    """Return the 403 of an account that isn't connected, or no longer: Stripe doesn't tell which."""
    return StripeError(
        f"The provided key '{key[:7]}***{key[-4:]}' does not have access to account '{account}' "
        "(or that account does not exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
    )

"""Status objects (meta/v1)."""

REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
    409: "Conflict", 410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests",
    500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}


def status(code, message, details=None, reason=None):
    content = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason or REASONS.get(code, "Unknown"), "code": code,
    }
    if details:
        content["details"] = details
    return content


class Problem(Exception):
    def __init__(self, code, message, details=None, reason=None):
        super().__init__(message)
        self.code = code
        self.content = status(code, message, details, reason)


def not_found(plural, name, group=""):
    details = {"name": name, "kind": plural}
    if group:
        details["group"] = group
        plural = f"{plural}.{group}"
    return Problem(404, f'{plural} "{name}" not found', details)


def invalid(kind, name, causes):
    """causes: (reason, field, message)"""
    listed = [{"reason": reason, "message": message, "field": field} for reason, field, message in causes]
    texts = [f"{field}: {message}" for _, field, message in causes]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    return Problem(422, f'{kind} "{name}" is invalid: {joined}', {"name": name, "kind": kind, "causes": listed})

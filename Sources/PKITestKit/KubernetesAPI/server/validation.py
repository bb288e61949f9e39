"""What the API server checks of Secrets and ConfigMaps before it stores them."""

import base64
import binascii
import re

from problems import Problem, invalid

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
KEY = re.compile(r"[-._a-zA-Z0-9]+")
LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
TYPED = {"kubernetes.io/tls": ["tls.crt", "tls.key"], "kubernetes.io/dockerconfigjson": [".dockerconfigjson"]}
KNOWN = {
    "Secret": {"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"},
    "ConfigMap": {"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"},
}
LIMIT = 1 << 20


def normalise(content):
    """stringData is merged into data; a Secret without type is Opaque."""
    if content["kind"] != "Secret":
        return
    for key, value in content.pop("stringData", {}).items():
        content.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
    content.setdefault("type", "Opaque")


def check(content, live):
    kind, name = content["kind"], content["metadata"].get("name", "")
    causes = []
    if not NAME.fullmatch(name) or len(name) > 253:
        causes.append(("FieldValueInvalid", "metadata.name", f'Invalid value: "{name}": a lowercase RFC 1123 subdomain'))
    for label, value in (content["metadata"].get("labels") or {}).items():
        if not LABEL.fullmatch(value) or len(value) > 63:
            causes.append(("FieldValueInvalid", "metadata.labels", f'Invalid value: "{value}": a valid label value'))
    if kind in KNOWN:
        unknown = sorted(set(content) - KNOWN[kind])
        if unknown:
            raise Problem(500, f".{unknown[0]}: field not declared in schema")
        check_data(content, causes)
    if kind == "Secret":
        if live and live["type"] != content["type"]:
            causes.append(("FieldValueInvalid", "type", f'Invalid value: "{content["type"]}": field is immutable'))
        for key in TYPED.get(content["type"], []):
            if key not in content.get("data", {}):
                causes.append(("FieldValueRequired", f"data[{key}]", "Required value"))
    if live and live.get("immutable"):
        if not content.get("immutable") or live.get("data") != content.get("data"):
            causes.append(("FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"))
    if causes:
        raise invalid(kind, name, causes)


def check_data(content, causes):
    size = 0
    for key, value in (content.get("data") or {}).items():
        if not KEY.fullmatch(key) or len(key) > 253:
            causes.append(("FieldValueInvalid", f"data[{key}]", f'Invalid value: "{key}": a valid config key'))
        if not isinstance(value, str):
            raise Problem(400, f'{content["kind"]} in version "v1" cannot be handled: data is no map of strings')
        if content["kind"] == "Secret":
            try:
                value = base64.b64decode(value, validate=True)
            except binascii.Error:
                # As the real one does, with a piece of what it was given.
                raise Problem(400, f"illegal base64 data at input byte 0: '{value}'")
        size += len(value)
    if size > LIMIT:
        causes.append(("FieldValueTooLong", "data", f"Too long: may not be more than {LIMIT} bytes"))

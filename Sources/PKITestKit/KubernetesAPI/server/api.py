"""Requests to the store, and its objects to answers."""

import base64
import copy
import json
import re
import urllib.parse

import discovery
from faults import Faults
from problems import Problem, status
from store import KINDS

PATH = re.compile(r"/(?:api/v1|apis/apps/v1)/namespaces/([^/]+)/([a-z]+)(?:/([^/]+))?")


class API:
    def __init__(self, store, faults, tokens, log, lock):
        self.store = store
        self.faults = faults
        self.tokens = tokens
        self.log = log
        self.lock = lock

    def answer(self, method, target, headers, body, certificate):
        """Status, header fields and body; None to close the connection."""
        with self.lock:
            user = self.user(headers, certificate)
            fault = self.faults.find(method, target)
            self.record(method, target, headers, body, user)
        if fault:
            performed = Faults.perform(fault)
            if performed is None or performed[2] is not None:
                return performed
            code, fields, _ = performed
            return code, fields, json.dumps(status(code, fault.get("message", "a fault that a test asked for"))).encode()
        fields = {"Content-Type": "application/json"}
        try:
            if user is None:
                raise Problem(401, "Unauthorized")
            with self.lock:
                code, content = self.route(method, target, headers, body)
                return code, fields, json.dumps(content).encode()
        except Problem as problem:
            return problem.code, fields, json.dumps(problem.content).encode()

    def user(self, headers, certificate):
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if scheme == "Bearer":
            return "token" if token in self.tokens else None
        if certificate:
            names = [value for part in certificate["subject"] for key, value in part if key == "commonName"]
            return f"certificate {names[0] if names else ''}"
        return None

    def record(self, method, target, headers, body, user):
        if not self.log:
            return
        url = urllib.parse.urlsplit(target)
        line = {
            "method": method, "path": url.path, "query": dict(urllib.parse.parse_qsl(url.query)), "user": user,
            "contentType": headers.get("Content-Type"), "accept": headers.get("Accept"), "host": headers.get("Host"),
            "body": body.decode(errors="replace"),
        }
        with open(self.log, "a") as file:
            file.write(json.dumps(line) + "\n")

    def route(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        if method == "GET" and (document := discovery.document(url.path)):
            return 200, document
        match = PATH.fullmatch(url.path)
        if not match or match[2] not in KINDS:
            raise Problem(404, "the server could not find the requested resource")
        namespace, plural, name = (urllib.parse.unquote(part) if part else None for part in match.groups())
        if query.get("dryRun") not in (None, "All"):
            raise Problem(400, "dryRun: Unsupported value")
        request = Request(self.store, plural, namespace, name, query, headers, body)
        action = {
            ("GET", True): request.get, ("GET", False): request.list, ("POST", False): request.create,
            ("PUT", True): request.replace, ("PATCH", True): request.patch, ("DELETE", True): request.delete,
        }.get((method, name is not None))
        if not action:
            raise Problem(405, "the server does not allow this method on the requested resource")
        return action()


class Request:
    def __init__(self, store, plural, namespace, name, query, headers, body):
        self.store = store
        self.plural = plural
        self.namespace = namespace
        self.name = name
        self.query = query
        self.headers = headers
        self.body = body
        self.is_dry_run = query.get("dryRun") == "All"

    def content(self):
        try:
            content = json.loads(self.body or b"{}")
        except ValueError:
            raise Problem(400, "the body is no JSON, and this stub reads no other YAML")
        if not isinstance(content, dict):
            raise Problem(400, "the body is no object")
        return content

    def manager(self):
        # Without one, the server takes the client's name up to the first slash.
        return self.query.get("fieldManager") or (self.headers.get("User-Agent") or "unknown").split("/")[0]

    def place(self):
        return self.plural, self.namespace, self.name

    def get(self):
        return 200, copy.deepcopy(self.store.get(*self.place()))

    def list(self):
        found = self.store.list(self.plural, self.namespace, self.query.get("labelSelector"))
        field, _, value = self.query.get("fieldSelector", "").partition("=")
        if field == "metadata.name":
            found = [content for content in found if content["metadata"]["name"] == value]
        elif field:
            raise Problem(400, f"{field}: field label not supported")
        kind, version, _ = KINDS[self.plural]
        limit = min(int(self.query.get("limit") or 1 << 30), self.store.page_limit)
        start = self.after(found)
        page, rest = found[start:start + limit], found[start + limit:]
        metadata = {"resourceVersion": str(self.store.version)}
        if rest:
            metadata["continue"] = base64.urlsafe_b64encode(page[-1]["metadata"]["name"].encode()).decode()
            metadata["remainingItemCount"] = len(rest)
        if "as=PartialObjectMetadataList" in (self.headers.get("Accept") or ""):
            items = [{"metadata": item["metadata"]} for item in page]
            return 200, {
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": items,
            }
        return 200, {"kind": kind + "List", "apiVersion": version, "metadata": metadata, "items": page}

    def after(self, found):
        if not self.query.get("continue"):
            return 0
        try:
            last = base64.urlsafe_b64decode(self.query["continue"]).decode()
        except ValueError:
            raise Problem(400, "continue key is not valid")
        return sum(1 for content in found if content["metadata"]["name"] <= last)

    def create(self):
        content = self.content()
        return 201, self.store.create(self.plural, self.namespace, content, self.manager(), self.is_dry_run)

    def replace(self):
        return 200, self.store.replace(*self.place(), self.content(), self.manager(), self.is_dry_run)

    def patch(self):
        kind = (self.headers.get("Content-Type") or "").split(";")[0]
        if kind == "application/apply-patch+yaml":
            if not self.query.get("fieldManager"):
                raise Problem(422, "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required "
                              "for apply patch")
            is_new = self.place() not in self.store.objects
            force = self.query.get("force") == "true"
            content = self.store.apply(*self.place(), self.content(), self.manager(), force, self.is_dry_run)
            return 201 if is_new else 200, content
        if kind in ("application/strategic-merge-patch+json", "application/merge-patch+json"):
            return 200, self.store.merge(*self.place(), self.content(), self.manager(), self.is_dry_run)
        raise Problem(415, "the body of the request was in an unknown format")

    def delete(self):
        options = self.content()
        content = self.store.delete(*self.place(), options.get("preconditions") or {}, self.is_dry_run)
        if content:
            return 200, content
        return 200, {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": self.name, "kind": self.plural},
        }

"""Objects in memory, by kind, namespace and name."""

import copy
import re
import uuid

import ownership
import rollouts
import validation
from problems import Problem, not_found

KINDS = {
    "secrets": ("Secret", "v1", ""), "configmaps": ("ConfigMap", "v1", ""),
    "deployments": ("Deployment", "apps/v1", "apps"), "statefulsets": ("StatefulSet", "apps/v1", "apps"),
}


class Store:
    def __init__(self, state):
        self.namespaces = set(state.get("namespaces", [])) | {"default"}
        self.page_limit = state.get("pageLimit", 1 << 30)
        self.objects = {}
        self.version = 1000
        self.clock = 0
        plurals = {kind: plural for plural, (kind, _, _) in KINDS.items()}
        for content in state.get("objects", []):
            namespace = content["metadata"].setdefault("namespace", "default")
            self.namespaces.add(namespace)
            manager = content["metadata"].pop("stub-manager", "kubectl-create")
            self.create(plurals[content["kind"]], namespace, copy.deepcopy(content), manager, False)

    def now(self):
        self.clock += 1
        return f"2026-01-01T{self.clock // 3600 % 24:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}Z"

    def get(self, plural, namespace, name):
        content = self.objects.get((plural, namespace, name))
        if content is None:
            raise not_found(plural, name, KINDS[plural][2])
        if rollouts.step(content) if plural in ("deployments", "statefulsets") else False:
            self.bump(content)
        return content

    def bump(self, content):
        self.version += 1
        content["metadata"]["resourceVersion"] = str(self.version)

    def list(self, plural, namespace, selector):
        matches = parse_selector(selector)
        found = [
            content for (kind, place, _), content in sorted(self.objects.items())
            if kind == plural and place == namespace and matches(content["metadata"].get("labels") or {})
        ]
        return found

    # Writing: each makes the object as it will be, checks it, and stores it unless it is a dry run.

    def create(self, plural, namespace, content, manager, is_dry_run):
        name = content.get("metadata", {}).get("name", "")
        if (plural, namespace, name) in self.objects:
            group = KINDS[plural][2]
            raise Problem(
                409, f'{plural}{"." + group if group else ""} "{name}" already exists', {"name": name, "kind": plural},
                "AlreadyExists")
        content["metadata"].pop("managedFields", None)
        validation.normalise(content)
        content = ownership.update(None, content, manager, KINDS[plural][1], self.now())
        return self.store(plural, namespace, name, None, content, is_dry_run)

    def replace(self, plural, namespace, name, content, manager, is_dry_run):
        live = self.get(plural, namespace, name)
        version = content.get("metadata", {}).get("resourceVersion")
        if version and version != live["metadata"]["resourceVersion"]:
            raise Problem(
                409, f'Operation cannot be fulfilled on {plural} "{name}": the object has been modified; please apply '
                "your changes to the latest version and try again", {"name": name, "kind": plural})
        for key in ("uid", "creationTimestamp", "generation", "resourceVersion", "namespace"):
            if key in live["metadata"]:
                content["metadata"][key] = live["metadata"][key]
        if "status" in live:
            content["status"] = copy.deepcopy(live["status"])
        validation.normalise(content)
        content = ownership.update(live, content, manager, KINDS[plural][1], self.now())
        return self.store(plural, namespace, name, live, content, is_dry_run)

    def merge(self, plural, namespace, name, patch, manager, is_dry_run):
        content = copy.deepcopy(self.get(plural, namespace, name))
        content["metadata"].pop("resourceVersion", None)
        ownership.merge(content, patch)
        return self.replace(plural, namespace, name, content, manager, is_dry_run)

    def apply(self, plural, namespace, name, configuration, manager, force, is_dry_run):
        kind, version, _ = KINDS[plural]
        metadata = configuration.get("metadata", {})
        if (configuration.get("kind"), configuration.get("apiVersion")) != (kind, version):
            raise Problem(400, "the apply configuration is of another kind")
        if metadata.get("name") != name or metadata.get("namespace", namespace) != namespace:
            raise Problem(400, "the name or namespace of the object does not match that of the URL")
        if metadata.get("managedFields"):
            raise Problem(400, "metadata.managedFields must be nil")
        live = self.objects.get((plural, namespace, name))
        now = self.now()
        content = ownership.apply(live, configuration, manager, force, version, now)
        validation.normalise(content)
        return self.store(plural, namespace, name, live, content, is_dry_run)

    def store(self, plural, namespace, name, live, content, is_dry_run):
        kind, version, _ = KINDS[plural]
        if namespace not in self.namespaces:
            raise not_found("namespaces", namespace)
        content["kind"], content["apiVersion"] = kind, version
        validation.check(content, live)
        metadata = content["metadata"]
        metadata["name"], metadata["namespace"] = name, namespace
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", self.now())
        if plural in ("deployments", "statefulsets"):
            if live is None:
                rollouts.start(content)
            else:
                rollouts.changed(live, content)
        if is_dry_run:
            return content
        # What changes nothing is not written.
        if live is None or without_version(live) != without_version(content):
            self.bump(content)
        self.objects[(plural, namespace, name)] = content
        return content

    def delete(self, plural, namespace, name, preconditions, is_dry_run):
        content = self.objects.get((plural, namespace, name))
        if content is None:
            raise not_found(plural, name, KINDS[plural][2])
        for field, title in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            wanted = preconditions.get(field)
            if wanted and wanted != content["metadata"][field]:
                raise Problem(
                    409, f'Operation cannot be fulfilled on {plural} "{name}": Precondition failed: {title} in '
                    f"precondition: {wanted}, {title} in object meta: {content['metadata'][field]}",
                    {"name": name, "kind": plural})
        if is_dry_run:
            return content
        if content["metadata"].get("finalizers"):
            content["metadata"].setdefault("deletionTimestamp", self.now())
            self.bump(content)
            return content
        del self.objects[(plural, namespace, name)]
        return None


def without_version(content):
    content = copy.deepcopy(content)
    content["metadata"].pop("resourceVersion", None)
    return content


def parse_selector(text):
    """Equality-based and set-based requirements, joined by commas."""
    tests = []
    for part in re.split(r",(?![^(]*\))", text or ""):
        part = part.strip()
        if not part:
            continue
        if group := re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", part):
            key, operator, values = group[1], group[2], [value.strip() for value in group[3].split(",")]
            tests.append(lambda labels, k=key, v=values, o=operator: (labels.get(k) in v) == (o == "in"))
        elif "!=" in part:
            key, value = part.split("!=", 1)
            tests.append(lambda labels, k=key, v=value: labels.get(k) != v)
        elif "=" in part:
            key, value = re.split("==?", part, maxsplit=1)
            tests.append(lambda labels, k=key, v=value: labels.get(k) == v)
        elif part.startswith("!"):
            tests.append(lambda labels, k=part[1:]: k not in labels)
        else:
            tests.append(lambda labels, k=part: k in labels)
    return lambda labels: all(test(labels) for test in tests)

"""Field ownership: https://kubernetes.io/docs/reference/using-api/server-side-apply/

A field set is a set of paths (tuples of keys) of leaves. Lists are leaves: for Secrets and ConfigMaps that is exact,
for workloads it is coarser than the real thing, which knows lists of named items.
"""

import copy

from problems import Problem

SERVER_METADATA = {
    "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "selfLink",
    "managedFields",
}


def leaves(value, path=()):
    found = set()
    for key, item in value.items():
        if path == () and key in ("apiVersion", "kind", "status"):
            continue
        if path == ("metadata",) and key in SERVER_METADATA:
            continue
        here = path + (key,)
        if isinstance(item, dict) and item:
            found |= leaves(item, here)
        elif not (path == () and isinstance(item, dict)):
            found.add(here)
    return found


def value_at(content, path):
    for key in path:
        if not isinstance(content, dict) or key not in content:
            return None
        content = content[key]
    return content


def remove_at(content, path):
    if len(path) == 1:
        content.pop(path[0], None)
        return
    child = content.get(path[0])
    if isinstance(child, dict):
        remove_at(child, path[1:])
        if not child:
            content.pop(path[0])


def merge(target, source):
    """RFC 7396's rule, which strategic merge patches share for maps: null removes."""
    for key, value in source.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif isinstance(value, dict):
            target[key] = {}
            merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)


def fields_v1(paths):
    tree = {}
    for path in sorted(paths):
        node = tree
        for key in path:
            node = node.setdefault("f:" + key, {})
    return tree


def paths_of(tree, path=()):
    found = set()
    for key, child in tree.items():
        here = path + (key.removeprefix("f:"),)
        found |= paths_of(child, here) if child else {here}
    return found


class Owners:
    """Who owns which field of one object: {(manager, operation): paths}."""

    def __init__(self, content):
        self.sets = {}
        self.times = {}
        for entry in content.get("metadata", {}).get("managedFields", []):
            key = (entry["manager"], entry["operation"])
            self.sets[key] = paths_of(entry.get("fieldsV1", {}))
            self.times[key] = entry.get("time")

    def others(self, manager, path):
        return [key for key, paths in self.sets.items() if key != manager and path in paths]

    def write(self, content, api_version, now):
        entries = []
        for (manager, operation), paths in sorted(self.sets.items()):
            if paths:
                entries.append({
                    "manager": manager, "operation": operation, "apiVersion": api_version,
                    "time": self.times.get((manager, operation)) or now, "fieldsType": "FieldsV1",
                    "fieldsV1": fields_v1(paths),
                })
        content["metadata"]["managedFields"] = entries


def field_text(path):
    return "".join("." + key for key in path)


def apply(live, configuration, manager, force, api_version, now):
    """The object after a server-side apply; `live` is None or the stored object."""
    result = copy.deepcopy(live) if live else {"metadata": {}}
    owners = Owners(result)
    me = (manager, "Apply")
    wanted = leaves(configuration)
    conflicts = []
    for path in sorted(wanted):
        if value_at(result, path) == value_at(configuration, path):
            continue
        for key in owners.others(me, path):
            if force:
                owners.sets[key].discard(path)
            else:
                conflicts.append((path, key))
    if conflicts:
        raise conflict(conflicts, owners, api_version)
    former = owners.sets.get(me, set())
    # Every field that was applied before and isn't any more, and that nobody else owns, goes.
    for path in former - wanted:
        if not owners.others(me, path):
            remove_at(result, path)
    merge(result, configuration)
    if former != wanted:
        owners.times[me] = now
    owners.sets[me] = wanted
    owners.write(result, api_version, now)
    return result


def conflict(conflicts, owners, api_version):
    causes = []
    for path, (manager, operation) in conflicts:
        at = f" at {owners.times[(manager, operation)]}" if operation == "Update" else ""
        causes.append({
            "reason": "FieldManagerConflict", "field": field_text(path),
            "message": f'conflict with "{manager}" using {api_version}{at}',
        })
    count = f"{len(causes)} conflict{'s' if len(causes) > 1 else ''}"
    message = f"Apply failed with {count}: " + "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    return Problem(409, message, {"causes": causes})


def update(live, content, manager, api_version, now):
    """The object after a create, a replacement or a patch: who changes a field owns it."""
    result = copy.deepcopy(content)
    result.setdefault("metadata", {})["managedFields"] = (live or {}).get("metadata", {}).get("managedFields", [])
    owners = Owners(result)
    me = (manager, "Update")
    before, after = leaves(live or {}), leaves(result)
    changed = {path for path in after if path not in before or value_at(live, path) != value_at(result, path)}
    for key in list(owners.sets):
        owners.sets[key] -= before - after
        if key != me:
            owners.sets[key] -= changed
    if changed:
        owners.sets[me] = owners.sets.get(me, set()) | changed
        owners.times[me] = now
    owners.write(result, api_version, now)
    return result

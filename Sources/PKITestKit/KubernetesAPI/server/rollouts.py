"""What the controllers of Deployments and StatefulSets do, one step for each time that the object is read."""

ANNOTATION = "stub/rollout"


def start(content):
    """A workload as it is after it was made: everything runs."""
    replicas = content.setdefault("spec", {}).setdefault("replicas", 1)
    content["metadata"].setdefault("generation", 1)
    if "status" in content:
        return
    status = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas}
    if content["kind"] == "Deployment":
        status["availableReplicas"] = replicas
        status["conditions"] = [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
    else:
        status["currentReplicas"] = replicas
        status["currentRevision"] = status["updateRevision"] = "revision-1"
    content["status"] = status


def changed(live, content):
    """The spec was changed: a new generation, which no controller has seen yet."""
    if live["spec"] != content["spec"]:
        content["metadata"]["generation"] = live["metadata"].get("generation", 1) + 1


def step(content):
    """One step further; returns whether anything changed."""
    status, generation = content.get("status"), content["metadata"].get("generation", 1)
    mode = content["metadata"].get("annotations", {}).get(ANNOTATION, "done")
    if not status or content["metadata"].get("annotations", {}).get("stub/frozen"):
        return False
    if status.get("observedGeneration") != generation:
        status["observedGeneration"] = generation
        begin(content, status, generation)
        return True
    if mode == "stuck":
        return False
    if content["kind"] == "Deployment":
        return step_deployment(content, status, mode)
    return step_stateful_set(content, status)


def begin(content, status, generation):
    status["updatedReplicas"] = 0
    if content["kind"] == "Deployment":
        status["conditions"] = [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]
    else:
        status["updateRevision"] = f"revision-{generation}"


def step_deployment(content, status, mode):
    wanted = content["spec"]["replicas"]
    if status["updatedReplicas"] < wanted:
        status["updatedReplicas"] += 1
        status["replicas"] = wanted + 1
        status["availableReplicas"] = wanted - 1
        return True
    if mode == "fail":
        status["conditions"] = [{
            "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": f'ReplicaSet "{content["metadata"]["name"]}-2" has timed out progressing.',
        }]
        return True
    if status["replicas"] > wanted:
        status["replicas"] = wanted
        return True
    if status["availableReplicas"] < wanted:
        status["availableReplicas"] = status["readyReplicas"] = wanted
        return True
    return False


def step_stateful_set(content, status):
    wanted = content["spec"]["replicas"]
    strategy = content["spec"].get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return False
    due = max(0, wanted - strategy.get("rollingUpdate", {}).get("partition", 0))
    if status["updatedReplicas"] < due:
        if status["readyReplicas"] < wanted:
            status["readyReplicas"] = wanted
            status["updatedReplicas"] += 1
        else:
            status["readyReplicas"] = wanted - 1
        return True
    if due == wanted and status["currentRevision"] != status["updateRevision"]:
        status["currentRevision"] = status["updateRevision"]
        return True
    return False

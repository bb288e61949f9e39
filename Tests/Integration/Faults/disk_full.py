"""The disk of the ledger is full: nothing is handed out that isn't recorded, readiness says so, and it recovers."""

import http.client
import os
import shutil
import subprocess
import tempfile
import time

import faults

options = faults.arguments(__doc__)
verdict = faults.Verdict("disk full")
mount = tempfile.mkdtemp(prefix="countersign-small-disk-")
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount], check=True)
try:
    orchestrator = faults.Orchestrator(options.countersign, home=os.path.join(mount, "home")).start()
    trust, invitation = orchestrator.trust(), orchestrator.invitation()
    client, held, refused = faults.Client(orchestrator, trust, invitation), [], 0
    body = faults.request_for("node.example")
    verdict.demand(client.enrol(body) is not None, "it doesn't issue while there is space")
    ballast = os.path.join(mount, "ballast")
    with open(ballast, "wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    for _ in range(3000):
        certificate = client.enrol(body)
        if certificate is None:
            refused += 1
            if refused > 20:
                break
        else:
            held.append(certificate)
    verdict.demand(refused > 0, "it went on issuing with a full disk")
    status, _ = client.ask("GET", "/.well-known/est/cacerts")
    verdict.demand(status == 200, f"what needs no disk answers {status}")
    status, _ = client.ask("GET", "/healthz")
    verdict.demand(status == 200, f"/healthz answers {status}")
    status, content = client.ask("GET", "/readyz")
    verdict.demand(status == 503, f"/readyz answers {status} with a full disk")
    os.remove(ballast)
    deadline, recovered = time.monotonic() + faults.RECOVERY_SECONDS, None
    while recovered is None and time.monotonic() < deadline:
        try:
            recovered = client.enrol(body)
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    verdict.demand(recovered is not None, "it doesn't issue again within ten seconds")
    if recovered is not None:
        held.append(recovered)
    while not orchestrator.is_ready() and time.monotonic() < deadline + 5:
        time.sleep(0.1)
    verdict.demand(orchestrator.is_ready(), "it isn't ready again")
    faults.serials_held_once(verdict, orchestrator, held)
    verdict.note(refused=refused)
    verdict.demand(orchestrator.stop() == 0, "it doesn't stop cleanly")
    orchestrator.remove()
finally:
    subprocess.run(["umount", "-l", mount])
    shutil.rmtree(mount, ignore_errors=True)
verdict.end()

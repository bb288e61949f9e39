"""The disk of the ledger is full: nothing is handed out that isn't recorded, what needs no disk is served, readiness
says so, and it recovers by itself."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time

import faults
import watch

SIZE = "24m"
INSIDE = "COUNTERSIGN_FAULT_DISK"


class Mounted:
    """A small file system, in mount points that end with this process."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="countersign-small-disk-")
        self.environment = {}
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", self.folder], check=True)

    def fill(self):
        with open(self.folder + "/ballast", "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.remove(self.folder + "/ballast")

    def remove(self):
        subprocess.run(["umount", "-l", self.folder])
        shutil.rmtree(self.folder, ignore_errors=True)


class Pretended:
    """Where nothing may be mounted: the C library says that there is no space."""

    def __init__(self):
        self.folder, self.tools = tempfile.mkdtemp(prefix="countersign-disk-"), tempfile.mkdtemp(prefix="full-disk-")
        library = self.tools + "/full_disk.so"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "full_disk.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        self.flag = self.tools + "/full"
        self.environment = {"LD_PRELOAD": library, "DISK_IS_FULL": self.flag, "DISK_FOLDER": self.folder}

    def fill(self):
        open(self.flag, "w").close()

    def free(self):
        os.remove(self.flag)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.tools, ignore_errors=True)


def disk():
    """Mounting needs mount points of one's own: this program starts itself anew with them, where it may."""
    found = os.environ.get(INSIDE)
    if found is None:
        alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        probe = subprocess.run(
            alone + ["mount", "-t", "tmpfs", "tmpfs", "/mnt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        words = [sys.executable, *sys.argv]
        os.environ[INSIDE] = "mounted" if probe.returncode == 0 else "pretended"
        os.execvp(*((alone[0], alone + words) if probe.returncode == 0 else (words[0], words)))
    return Mounted() if found == "mounted" else Pretended()


def enrolled(client, body):
    """The certificate; None where it was refused, as long as the refusal says that it may be tried again."""
    status, content = client.attempt(body)
    verdict.demand(status in (200, 503), f"with a full disk enrolment answers {status} {content[:200]}")
    return client.certificate(content) if status == 200 else None


options = faults.arguments(__doc__)
verdict = faults.Verdict("disk full")
small = disk()
verdict.note(disk=type(small).__name__.lower())
try:
    orchestrator = faults.Orchestrator(
        options.countersign, home=small.folder + "/home", environment=small.environment).start()
    client, held = faults.Client(orchestrator, orchestrator.trust(), orchestrator.invitation()), []
    body = faults.request_for("node.example")
    first = client.enrol(body)
    verdict.demand(first is not None, "it doesn't issue while there is space")
    held.append(first)
    # What needs the disk is refused; the others must not notice.
    other = watch.Watch(verdict, orchestrator, options, enrols=False)
    # After each measurement: nothing was asked over its connection for a while, and it may be closed by now.
    client.close()
    small.fill()
    refused = 0
    for _ in range(3000):
        certificate = enrolled(client, body)
        if certificate is not None:
            held.append(certificate)
        elif (refused := refused + 1) > 20:
            break
    verdict.demand(refused > 20, "it goes on issuing with a full disk")
    other.meanwhile()
    client.close()
    for path, expected in (("/healthz", 200), ("/readyz", 503), (faults.list_of(first), 200)):
        status, content = client.ask("GET", path)
        verdict.demand(status == expected, f"{path} answers {status} with a full disk: {content[:300]}")
    answer = orchestrator.judges(held[-1])
    verdict.demand(answer == "good", f"OCSP says {answer} with a full disk")
    small.free()
    freed, recovered = time.monotonic(), None
    while recovered is None and time.monotonic() - freed < watch.recovery_seconds(options):
        try:
            recovered = client.enrol(body)
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    verdict.demand(recovered is not None, "it doesn't issue again in time")
    verdict.note(refused=refused, issued_after=round(time.monotonic() - freed, 2))
    held += [recovered] if recovered else []
    while not orchestrator.is_ready() and time.monotonic() - freed < watch.recovery_seconds(options):
        time.sleep(0.05)
    verdict.demand(orchestrator.is_ready(), "it isn't ready again in time")
    other.after()
    faults.serials_held_once(verdict, orchestrator, held)
    verdict.demand(orchestrator.stop() == 0, "it doesn't stop cleanly")
    orchestrator.remove()
finally:
    small.remove()
verdict.end()

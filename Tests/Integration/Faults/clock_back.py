"""The clock is set back by an hour while it serves, and forward again."""

import glob
import os
import tempfile
import time

import faults

options = faults.arguments(__doc__)
library = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or [None])[0]
if library is None:
    raise SystemExit("libfaketime is not installed")
control = tempfile.NamedTemporaryFile("w", prefix="countersign-clock-", delete=False)


def set_clock(text):
    with open(control.name, "w") as file:
        file.write(text)


set_clock("+0")
orchestrator = faults.Orchestrator(options.countersign, environment={
    "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": control.name, "FAKETIME_NO_CACHE": "1",
    # Only the calendar is moved: a real clock that is set back leaves the monotonic one alone.
    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}).start()


def trouble(stop, verdict):
    set_clock("-1h")
    client = faults.Client(orchestrator, orchestrator.folder + "/root.pem", orchestrator.invitation())
    certificate = client.enrol(faults.request_for("behind.example"))
    verdict.demand(certificate is not None, "it issues nothing with a clock that was set back")
    status, _ = client.ask("GET", "/readyz")
    verdict.note(ready_with_clock_back=status)
    stop.wait(60)
    set_clock("+0")


verdict = faults.watched("clock set back by an hour", orchestrator, options, trouble)
time.sleep(0.5)
client = faults.Client(orchestrator, orchestrator.folder + "/root.pem", orchestrator.invitation())
held = [client.enrol(faults.request_for("after.example"))]
verdict.demand(held[0] is not None, "it issues nothing after the clock was set right")
faults.serials_held_once(verdict, orchestrator, [c for c in held if c])
orchestrator.remove()
os.unlink(control.name)
verdict.end()

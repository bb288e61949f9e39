"""The clock is set back by an hour while it serves; it is restarted like that; the clock is set right again."""

import glob
import http.client
import time
from email.utils import parsedate_to_datetime

import faults
import watch

BACK, RIGHT = "-1h", "+0"
HOUR = 3600

options = faults.arguments(__doc__)
library = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or [None])[0]
if library is None:
    raise SystemExit("libfaketime is not installed")
environment = {
    "LD_PRELOAD": library, "FAKETIME": "-30d", "FAKETIME_CACHE_DURATION": "1",
    # Names for what several programs share: without, the library adds a variable to the environment, and Swift, which
    # finds its arguments before that, finds none.
    "FAKETIME_SHARED": "none none",
    # Only the calendar is moved: a real clock that is set back leaves the monotonic one alone.
    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
# An authority of some days' age: none is as young as the hour by which the clock goes wrong. Its issuer is made when the
# service first starts.
orchestrator = faults.Orchestrator(options.countersign, environment=environment)
orchestrator.start()
orchestrator.stop()
control = orchestrator.folder + "/clock"
held = []


def set_clock(text):
    with open(control, "w") as file:
        file.write(text + "\n")


def wait_for_clock(behind):
    """Until the service answers with the time that it was given: the library looks at its file when it is asked the time
    and some seconds went by since it last looked."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        connection = http.client.HTTPSConnection("127.0.0.1", orchestrator.port, timeout=60, context=faults.unverified())
        connection.request("GET", "/healthz")
        told = parsedate_to_datetime(connection.getresponse().headers["Date"]).timestamp()
        connection.close()
        if abs(time.time() - behind - told) < HOUR / 2:
            return True
        time.sleep(0.2)
    return False


del orchestrator.environment["FAKETIME"]
orchestrator.environment["FAKETIME_TIMESTAMP_FILE"] = control
set_clock(RIGHT)
orchestrator.start()
trust, invitation = orchestrator.trust(), orchestrator.invitation()


def demand_service(verdict, when):
    client = faults.Client(orchestrator, trust, invitation)
    certificate = client.enrol(faults.request_for("behind.example"))
    verdict.demand(certificate is not None, f"{when}: it issues nothing")
    status, content = client.ask("GET", "/readyz")
    verdict.demand(status == 200, f"{when}: /readyz answers {status} {content.decode()}")
    if certificate is None:
        return
    held.append(certificate)
    age = time.time() - certificate.not_valid_before_utc.timestamp()
    verdict.note(**{when.replace(" ", "_"): f"not before {round(age / 60)} min ago"})
    verdict.demand(orchestrator.judges(certificate) == "good", f"{when}: OCSP doesn't call a new certificate good")


def trouble(stop, verdict):
    set_clock(BACK)
    verdict.demand(wait_for_clock(behind=HOUR), "the clock wasn't set back")
    demand_service(verdict, "set back")
    stop.wait(60)


verdict = watch.while_in_trouble("clock set back by an hour", orchestrator, options, trouble)
orchestrator.stop()
orchestrator.start()
demand_service(verdict, "restarted an hour back")
set_clock(RIGHT)
verdict.demand(wait_for_clock(behind=0), "the clock wasn't set right")
demand_service(verdict, "set right")
faults.serials_held_once(verdict, orchestrator, held)
orchestrator.remove()
verdict.end()

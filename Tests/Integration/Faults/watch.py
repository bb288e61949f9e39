"""Another client, who has no part in the trouble: what does it notice?"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import threading
import time

import faults

# Each request has its moment. What comes too late for the next one counts with the time that it was waited for:
# otherwise a service that stands still for a second would show in one request out of hundreds.
INTERVAL = 0.015
MEASURED_SECONDS = 10.0
FACTOR = 3
TROUBLE_PRIORITY = 19


def recovery_seconds(options):
    """Ten; more where a debug build shares a busy machine with other tests."""
    return 10.0 if options.measure else 120.0


class Probe:
    """Requests, new handshakes and enrolments at a steady rate, in a process of its own; each is timed."""

    def __init__(self, orchestrator, enrols=True):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(orchestrator.port), str(orchestrator.public), orchestrator.trust(),
             *orchestrator.invitation()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.enrols = enrols

    def measure(self, seconds):
        """{"count", "failed", "p50", "p99", "worst"}, in milliseconds."""
        self.process.stdin.write(f"{seconds} {int(self.enrols)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Watch:
    """Compares what another client sees while nothing happens, meanwhile, and after."""

    def __init__(self, verdict, orchestrator, options, enrols=True):
        self.verdict, self.orchestrator, self.measured = verdict, orchestrator, options.measure
        self.recovery = recovery_seconds(options)
        self.probe = Probe(orchestrator, enrols)
        self.probe.measure(1.0)
        self.idle = self.probe.measure(self.seconds)
        verdict.note(idle=self.idle)
        verdict.demand(self.idle["failed"] == 0 and self.idle["count"], f"idle: {self.idle}")

    @property
    def seconds(self):
        return MEASURED_SECONDS if self.measured else 1.5

    @property
    def limit(self):
        return FACTOR * (self.idle["p99"] or 0)

    def meanwhile(self):
        found = self.probe.measure(self.seconds)
        self.verdict.note(meanwhile=found)
        self.verdict.demand(found["failed"] == 0, f"{found['failed']} requests of another client failed meanwhile")
        self.verdict.demand(found["count"] > 0, "nothing was served meanwhile")
        if self.measured:
            self.verdict.demand(
                (found["p99"] or 0) <= self.limit, f"p99 is {found['p99']} ms, more than {self.limit:.2f} ms")

    def after(self, enrols=True):
        """Called when the trouble ends: waits until all is as it was."""
        self.probe.enrols = enrols
        start, found, settled = time.monotonic(), None, None
        while settled is None and time.monotonic() - start < self.recovery:
            elapsed = time.monotonic() - start
            found = self.probe.measure(2.0 if self.measured else 0.5)
            if found["failed"] == 0 and found["count"] and (not self.measured or found["p99"] <= self.limit):
                settled = elapsed
        self.verdict.note(after=found, normal_within=None if settled is None else round(settled, 1))
        self.verdict.demand(settled is not None, "it isn't back to normal in time")
        self.verdict.demand(self.orchestrator.process.poll() is None, "the orchestrator ended")
        self.probe.end()


def while_in_trouble(fault, orchestrator, options, trouble):
    """Runs `trouble(stop, verdict)` beside the probe, and demands that others are served meanwhile and afterwards."""
    verdict = faults.Verdict(fault)
    watch = Watch(verdict, orchestrator, options)
    stop, errors = threading.Event(), []

    def run():
        # Those who make it have computers of their own elsewhere: here they get what the service and the probe leave.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), TROUBLE_PRIORITY)
        try:
            trouble(stop, verdict)
        except Exception as error:  # a script's own failure is a failure of the test
            errors.append(repr(error))

    thread = threading.Thread(target=run)
    thread.start()
    watch.meanwhile()
    stop.set()
    thread.join()
    watch.after()
    verdict.demand(not errors, f"the trouble itself failed: {errors}")
    return verdict


def probe(port, public, trust, identifier, secret):
    place = argparse.Namespace(port=int(port), public=int(public))
    client = faults.Client(place, trust, (identifier, secret))
    body = faults.request_for("probe.example")
    for line in sys.stdin:
        seconds, enrols = line.split()
        print(json.dumps(one_measurement(client, body, float(seconds), enrols == "1")), flush=True)


def one_measurement(client, body, seconds, enrols):
    times, failed, turn = [], 0, 0
    # The connection of the measurement before may be closed by now: nothing was asked over it for a while.
    client.close()
    start = time.monotonic()
    while (due := start + turn * INTERVAL) < start + seconds:
        time.sleep(max(0, due - time.monotonic()))
        turn += 1
        if turn % 5 == 0:
            client.close()
        try:
            if enrols and turn % 2:
                good = client.enrol(body) is not None
            else:
                good = client.ask("GET", "/.well-known/est/cacerts")[0] == 200
        except (OSError, http.client.HTTPException):
            good = False
        if good:
            times.append((time.monotonic() - due) * 1000)
        else:
            failed += 1
    times.sort()
    return {"count": len(times), "failed": failed, "p50": share(times, 0.5), "p99": share(times, 0.99),
            "worst": share(times, 1)}


def share(times, part):
    return round(times[min(len(times) - 1, int(len(times) * part))], 2) if times else None


if __name__ == "__main__":
    probe(*sys.argv[1:])

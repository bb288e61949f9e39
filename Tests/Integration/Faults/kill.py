"""kill -9 in the middle of load, again and again: no certificate that a client holds is missing, none is twice."""

import http.client
import random
import threading
import time

import faults
import watch

options = faults.arguments(__doc__)
rounds = options.rounds or 50
verdict = faults.Verdict("kill -9 under load")
orchestrator = faults.Orchestrator(options.countersign).start()
other = watch.Watch(verdict, orchestrator, options)
trust, invitation = orchestrator.trust(), orchestrator.invitation()
held, lock, stop = [], threading.Lock(), threading.Event()
bodies = [faults.request_for(f"node-{number}.example") for number in range(8)]


def load(body):
    client = faults.Client(orchestrator, trust, invitation, timeout=60)
    while not stop.is_set():
        try:
            certificate = client.enrol(body)
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
            continue
        if certificate is not None:
            with lock:
                held.append(certificate)


def issues_within(seconds):
    before, deadline = len(held), time.monotonic() + seconds
    while len(held) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    return len(held) > before


threads = [threading.Thread(target=load, args=(body,)) for body in bodies]
for thread in threads:
    thread.start()
outages = []
verdict.demand(issues_within(watch.recovery_seconds(options)), "nothing was issued before the first kill")
for _ in range(rounds):
    time.sleep(random.uniform(0, 0.2))
    orchestrator.kill()
    killed = time.monotonic()
    orchestrator.start()
    # Killed at a random moment, but never before it issued again.
    if not issues_within(watch.recovery_seconds(options)):
        verdict.demand(False, "nothing was issued after a restart")
        break
    outages.append(time.monotonic() - killed)
stop.set()
for thread in threads:
    thread.join()
other.after()
faults.serials_held_once(verdict, orchestrator, held)
verdict.demand(orchestrator.stop() == 0, "it doesn't stop cleanly")
verdict.note(rounds=len(outages), longest_outage=round(max(outages, default=0), 2))
orchestrator.remove()
verdict.end()

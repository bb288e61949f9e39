"""kill -9 in the middle of load, again and again: no certificate that a client holds is missing, none is twice."""

import http.client
import random
import threading
import time

import faults

options = faults.arguments(__doc__)
rounds = options.rounds or 50
verdict = faults.Verdict("kill -9 under load")
orchestrator = faults.Orchestrator(options.countersign).start()
trust, invitation = orchestrator.trust(), orchestrator.invitation()
held, lock, stop = [], threading.Lock(), threading.Event()
bodies = [faults.request_for(f"node-{number}.example") for number in range(8)]


def load(body):
    client = faults.Client(orchestrator, trust, invitation, timeout=20)
    while not stop.is_set():
        try:
            certificate = client.enrol(body)
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
            continue
        if certificate is not None:
            with lock:
                held.append(certificate)


threads = [threading.Thread(target=load, args=(body,)) for body in bodies]
for thread in threads:
    thread.start()
idle_rounds = 0
for _ in range(rounds):
    before = len(held)
    deadline = time.monotonic() + 20
    # Killed at a random moment, but never before it issued again.
    while len(held) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    idle_rounds += len(held) == before
    time.sleep(random.uniform(0, 0.2))
    orchestrator.kill()
    orchestrator.start()
stop.set()
for thread in threads:
    thread.join()
verdict.demand(idle_rounds == 0, f"in {idle_rounds} rounds nothing was issued")
faults.serials_held_once(verdict, orchestrator, held)
status = orchestrator.run("events", "--verify", check=False)
verdict.demand(status != "", "the chain of events is not intact")
verdict.demand(orchestrator.stop() == 0, "it doesn't stop cleanly")
verdict.note(rounds=rounds)
orchestrator.remove()
verdict.end()

"""10,000 connections that never finish their handshake: some say nothing, some break off in the middle of their hello,
some leave the server's answer to it unanswered. They come RATE a second: all at once they would measure how two processors
are shared between the service and those who make the trouble."""

import os
import socket
import ssl
import time

import faults
import watch

options = faults.arguments(__doc__)
count = options.rounds or 10_000
RATE = int(os.environ.get("HALF_OPEN_RATE", 5_000))
orchestrator = faults.Orchestrator(options.countersign).start()


def hello():
    """The first flight of an ordinary client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        faults.unverified("http/1.1").wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


HELLO = hello()
BEGINNINGS = [b"", HELLO[: len(HELLO) // 2], HELLO]


def trouble(stop, verdict):
    channels, opened, start = [], 0, time.monotonic()
    for number in range(count):
        time.sleep(max(0, start + number / RATE - time.monotonic()))
        try:
            # Spread over source addresses: one has too few ports free for reuse.
            channel = socket.create_connection(
                ("127.0.0.1", orchestrator.port), timeout=60, source_address=(f"127.0.0.{2 + number % 8}", 0))
            channel.sendall(BEGINNINGS[number % len(BEGINNINGS)])
            channels.append(channel)
            opened += 1
        except OSError:
            pass
    verdict.note(opened=opened, opening_seconds=round(time.monotonic() - start, 1))
    verdict.demand(opened >= count * 0.99, f"only {opened} connections could be opened")
    stop.wait(60)
    for channel in channels:
        channel.close()


def held():
    return len(os.listdir(f"/proc/{orchestrator.process.pid}/fd"))


before = held()
verdict = watch.while_in_trouble("half-open handshakes", orchestrator, options, trouble)
deadline = time.monotonic() + watch.recovery_seconds(options)
while held() > before + 50 and time.monotonic() < deadline:
    time.sleep(0.1)
verdict.demand(held() <= before + 50, f"{held() - before} half-open connections are still held")
orchestrator.remove()
verdict.end()

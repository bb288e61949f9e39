"""10,000 connections that never finish their handshake."""

import socket
import time

import faults

options = faults.arguments(__doc__)
count = options.rounds or 10_000
orchestrator = faults.Orchestrator(options.countersign).start()
# The head of a TLS record that announces more than comes.
HALF_A_HELLO = bytes.fromhex("1603010200010001fc0303")


def trouble(stop, verdict):
    channels, opened = [], 0
    for number in range(count):
        try:
            # Spread over source addresses: one has too few ports free for reuse.
            channel = socket.create_connection(
                ("127.0.0.1", orchestrator.port), timeout=10, source_address=(f"127.0.0.{2 + number % 8}", 0))
            channel.sendall(HALF_A_HELLO if number % 2 else b"")
            opened += 1
            channels.append(channel)
        except OSError:
            pass
    verdict.note(opened=opened)
    stop.wait(60)
    for channel in channels:
        channel.close()


verdict = faults.watched("half-open handshakes", orchestrator, options, trouble)
verdict.demand(verdict.facts.get("opened", 0) >= count * 0.99, "the connections could not be opened")
deadline = time.monotonic() + 15
descriptors = f"/proc/{orchestrator.process.pid}/fd"
import os  # noqa: E402  (only here)

while len(os.listdir(descriptors)) > 200 and time.monotonic() < deadline:
    time.sleep(0.2)
verdict.demand(len(os.listdir(descriptors)) <= 200, "half-open connections are still held")
orchestrator.remove()
verdict.end()

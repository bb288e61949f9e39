"""A body of 1 GiB on every endpoint that takes one: it is refused early and costs others nothing."""

import socket
import threading

import faults

PATHS = ["/.well-known/est/simpleenroll", "/.well-known/est/simplereenroll", "/ocsp", "/v1/invitations"]
SIZE = 1 << 30

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(options.countersign).start()


def send(path, chunked, stop, verdict):
    with socket.create_connection(("127.0.0.1", orchestrator.port)) as plain:
        with faults.unverified().wrap_socket(plain) as channel:
            length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"
            kind = "ocsp-request" if path == "/ocsp" else "pkcs10"
            channel.sendall(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{kind}\r\n{length}\r\n\r\n".encode())
            block, sent = b"x" * 65536, 0
            if chunked:
                block = b"10000\r\n" + block + b"\r\n"
            try:
                while sent < SIZE and not stop.is_set():
                    channel.sendall(block)
                    sent += len(block)
            except OSError:
                pass
            verdict.demand(sent < SIZE, f"{path} took the whole body")


def trouble(stop, verdict):
    while not stop.is_set():
        threads = [
            threading.Thread(target=send, args=(path, chunked, stop, verdict))
            for path in PATHS for chunked in (False, True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


verdict = faults.watched("a body of 1 GiB", orchestrator, options, trouble)
with open(f"/proc/{orchestrator.process.pid}/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
verdict.note(peak_mib=peak // 1024)
verdict.demand(peak < 600 * 1024, f"{peak // 1024} MiB of memory were taken")
orchestrator.remove()
verdict.end()

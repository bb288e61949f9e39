"""Slow clients on every endpoint, of both listeners: a head that comes byte by byte, a body that does, and answers that
are not read."""

import select
import socket
import ssl
import time

import yaml

import faults
import watch

# In the quick form a request has less time than the default of 30 seconds, so that its end is seen.
REQUEST_SECONDS = 4
OPERATION = ["/healthz", "/readyz", "/metrics"]
PUBLIC = ("/ocsp", "/crl/", "/issuers/")

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(
    options.countersign, extra="" if options.measure else f"server: {{requestTimeout: {REQUEST_SECONDS}s}}\n").start()


def endpoints():
    """(port, method, path) of everything that is served."""
    client = faults.Client(orchestrator, orchestrator.trust())
    described = yaml.safe_load(client.ask("GET", "/v1/openapi.yaml")[1])["paths"]
    found = [(orchestrator.port, "GET", path) for path in OPERATION]
    for path, methods in described.items():
        path = path.replace("{file}", "1").replace("{id}", "0123456789abcdef").replace("{", "").replace("}", "")
        for method in {"get", "post", "put", "delete", "patch"} & methods.keys():
            found.append((orchestrator.port, method.upper(), path))
            if path.startswith(PUBLIC):
                found.append((orchestrator.public, method.upper(), path))
    return sorted(found)


class Slow:
    """One client, who is back as soon as it was shut out."""

    def __init__(self, port, text, reads=True):
        self.port, self.text, self.reads, self.channel, self.ended = port, text, reads, None, 0

    def connect(self):
        plain = socket.socket()
        if not self.reads:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.settimeout(60)
        plain.connect(("127.0.0.1", self.port))
        self.channel = plain if self.port == orchestrator.public else faults.unverified().wrap_socket(plain)
        self.channel.setblocking(False)
        self.said = 0

    def say(self, count):
        try:
            if self.channel is None:
                self.connect()
            if self.said < len(self.text):
                self.said += self.channel.send(self.text[self.said:self.said + count])
            if self.reads and select.select([self.channel], [], [], 0)[0] and not self.channel.recv(4096):
                self.close()
                self.ended += 1
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.close()
            self.ended += 1

    def close(self):
        if self.channel is not None:
            self.channel.close()
            self.channel = None


def slow_clients():
    for port, method, path in endpoints():
        line = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
        yield Slow(port, f"{line}X-Slow: {'x' * 4000}".encode())
        yield Slow(port, f"{line}Content-Length: 4000\r\n\r\n{'M' * 4000}".encode())


def greedy_clients():
    """Those who ask for more than fits on the way to them, and read nothing."""
    for port, method, path in endpoints():
        if method == "GET":
            yield Slow(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 100, reads=False)


def trouble(stop, verdict):
    slow, greedy = list(slow_clients()), list(greedy_clients())
    while not stop.is_set():
        for client in slow:
            client.say(1)
        for client in greedy:
            client.say(1 << 20)
        stop.wait(0.1)
    for client in slow + greedy:
        client.close()
    verdict.note(slow=len(slow), greedy=len(greedy), endpoints=len(endpoints()))


def demand_end(verdict, kind, text):
    """A client that never finishes is shut out, even if it says a byte now and then."""
    client, start = Slow(orchestrator.port, text), time.monotonic()
    while not client.ended and time.monotonic() - start < REQUEST_SECONDS + 120:
        client.say(1)
        time.sleep(0.05)
    verdict.demand(client.ended, f"a client that never ends its {kind} is never shut out")
    verdict.note(**{f"{kind}_ended_after": round(time.monotonic() - start, 1)})
    client.close()


verdict = watch.while_in_trouble("slow clients", orchestrator, options, trouble)
if not options.measure:
    demand_end(verdict, "head", b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 4000)
    demand_end(
        verdict, "body", b"POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n" + b"x" * 4000)
orchestrator.remove()
verdict.end()

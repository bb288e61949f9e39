"""Clients that do what Python's sockets don't: stop in a handshake, end one direction, send without end."""

import hashlib
import select
import signal
import socket
import ssl
import time

from exchange import PATIENCE, connect, context, dial, ending, say


class Memory:
    """TLS whose bytes are sent when we say so, and whose directions end one by one, which Python's sockets can't."""

    def __init__(self, options):
        self.plain = dial(options)
        # How many bytes are sent at once.
        self.piece = 1 << 20
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(options).wrap_bio(self.input, self.output, server_hostname=options.name)

    def flush(self):
        said = self.output.read()
        for start in range(0, len(said), self.piece):
            self.plain.sendall(said[start:start + self.piece])

    def step(self, action):
        """Returns what the action returns, or nothing where it wants to read first."""
        try:
            return action()
        except (ssl.SSLWantReadError, ssl.SSLSyscallError):
            return None

    def run(self, action, sending=True):
        while True:
            try:
                result = action()
                break
            except ssl.SSLWantReadError:
                if sending:
                    self.flush()
                part = self.plain.recv(65536)
                if not part:
                    raise EOFError
                self.input.write(part)
        if sending:
            self.flush()
        return result


def late(options):
    memory = Memory(options)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    memory.step(memory.tls.do_handshake)
    memory.flush()
    try:
        memory.run(memory.tls.do_handshake, sending=False)
        say(event="waiting")
        signal.sigwait([signal.SIGUSR1])
        memory.flush()
        memory.tls.write(options.text.encode())
        memory.flush()
        say(event="answer", detail=memory.run(lambda: memory.tls.read(65536)).decode())
        memory.run(lambda: memory.tls.read(65536))
        raise EOFError
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        say(event="end", outcome=outcome, detail=detail)


def drip(options):
    for _ in range(options.count):
        try:
            memory = Memory(options)
            memory.piece = 1
            memory.run(memory.tls.do_handshake)
            memory.tls.write(options.text.encode())
            memory.flush()
            say(outcome="answered", detail=memory.run(lambda: memory.tls.read(65536)).decode())
        except (OSError, EOFError) as error:
            outcome, detail = ending(error)
            say(outcome=outcome, detail=detail)


def half_close(options):
    memory = Memory(options)
    memory.run(memory.tls.do_handshake)
    sent = bytes(range(256)) * (options.mib * 4096)
    for start in range(0, len(sent), 65536):
        memory.tls.write(sent[start:start + 65536])
        memory.flush()
    memory.step(memory.tls.unwrap)
    memory.flush()
    memory.plain.shutdown(socket.SHUT_WR)
    answer = b""
    try:
        while part := memory.run(lambda: memory.tls.read(65536), sending=False):
            answer += part
    except ssl.SSLZeroReturnError:
        pass
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        return say(outcome=outcome, detail=detail)
    say(outcome="answered", detail=answer.decode())


def to_the_end(options):
    for _ in range(options.count):
        with connect(options) as stream:
            stream.sendall(options.text.encode())
            answer = b""
            try:
                while part := stream.recv(65536):
                    answer += part
                say(outcome="answered", detail=answer.decode())
            except (OSError, EOFError) as error:
                outcome, detail = ending(error)
                say(outcome=outcome, detail=detail)


def drink(options):
    with connect(options) as stream:
        digest, received = hashlib.sha256(), 0
        while part := stream.recv(65536):
            digest.update(part)
            received += len(part)
        say(event="received", count=received, detail=digest.hexdigest())
        # What the router sends to say that it ends is no end of what it takes.
        for _ in range(options.mib):
            stream.sendall(b"x" * (1 << 20))
        # Closed at once, the kernel would drop what the router hasn't read yet.
        stream.unwrap().close() if isinstance(stream, ssl.SSLSocket) else stream.shutdown(socket.SHUT_WR)


def push(options):
    stream = connect(options)
    stream.setblocking(False)
    text = options.text.encode()
    sent, bytes_ = 0, text * (65536 // len(text))
    last = time.monotonic()
    while sent < options.mib << 20 and time.monotonic() - last < 3:
        try:
            sent += stream.send(bytes_)
            last = time.monotonic()
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            select.select([], [stream], [], 0.1)
    say(event="stuck", count=sent)
    poller = select.poll()
    poller.register(stream, 0)
    if poller.poll(PATIENCE * 1000):
        say(event="cut")

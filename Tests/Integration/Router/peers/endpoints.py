"""Backends that are well or not, as a test wants it, and service managers and name servers around a router."""

import ctypes
import fcntl
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading

from backends import tls
from exchange import say
from web import Handler, Server


def keep_signals():
    """Before any thread is started: signals then wait until somebody asks for them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])


def on_signal(action):
    while True:
        signal.sigwait([signal.SIGUSR1])
        action()


def reserved():
    """A port that refuses connections until somebody listens on it, and that nobody else is given."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keeper.bind(("127.0.0.1", 0))
    return keeper, keeper.getsockname()[1]


class Switch:
    """An echo that refuses connections while it is off; with TLS, it takes them and ends them."""

    def __init__(self, options):
        self.context = tls(options) if options.identity else None
        self.keeper, self.port = reserved()
        self.is_on = False
        self.listener = None

    def turn(self):
        self.is_on = not self.is_on
        if self.is_on and not self.listener:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.listener.listen(128)
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        elif not self.is_on and not self.context:
            # What waits in accept would go on to take connections.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        say(event="on" if self.is_on else "off", port=self.port)

    def accept(self, listener):
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(stream,), daemon=True).start()

    def echo(self, stream):
        try:
            with stream:
                if not self.context:
                    return self.repeat(stream)
                if self.is_on:
                    with self.context.wrap_socket(stream, server_side=True) as secure:
                        self.repeat(secure)
        except (OSError, EOFError):
            pass

    def repeat(self, stream):
        while part := stream.recv(65536):
            say(event="taken", port=self.port)
            stream.sendall(part)


def switched(options):
    """On at first; SIGUSR1 turns it off and on."""
    keep_signals()
    switch = Switch(options)
    switch.turn()
    say(event="listening", port=switch.port)
    on_signal(switch.turn)


def switched_off(options):
    """Off at first."""
    keep_signals()
    switch = Switch(options)
    say(event="listening", port=switch.port)
    on_signal(switch.turn)


class Ailing(Handler):
    """Says at /health how it is, and serves whatever it is."""

    health = 200

    def do_GET(self):
        if self.path != "/health":
            return self.answer()
        health = Ailing.health
        self.send_response(health)
        self.send_header("Content-Length", "0")
        self.end_headers()
        say(event="probe", count=health)


def ailing(options):
    """Well at first; SIGUSR1 makes it ill, and well again."""
    keep_signals()
    server = Server(("127.0.0.1", 0), Ailing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(event="listening", port=server.server_address[1])

    def turn():
        Ailing.health = 503 if Ailing.health == 200 else 200
        say(event="on" if Ailing.health == 200 else "off")

    on_signal(turn)


def full(options):
    """Its queue is full: the kernel answers nobody who comes."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    while True:
        stream = socket.socket()
        # Connections to a machine itself are made at once, or not at all; unless it is busy, and asks once more after a
        # second.
        stream.settimeout(5)
        waiting.append(stream)
        try:
            stream.connect(listener.getsockname())
        except TimeoutError:
            break
    say(event="listening", port=listener.getsockname()[1])
    signal.pause()


# Names

def answer(query, zone):
    """What a name server says (RFC 1035): {"NAME": ["ADDRESS" or [PRIORITY, PORT, "HOST"]]}; of others, NXDOMAIN; where
    the zone has null, SERVFAIL."""
    labels, place = [], 12
    while size := query[place]:
        labels.append(query[place + 1:place + 1 + size].decode())
        place += 1 + size
    kind, _ = struct.unpack_from("!HH", query, place + 1)
    question, name = query[12:place + 5], ".".join(labels).lower()
    records = []
    for record in zone.get(name) or []:
        if isinstance(record, list):
            priority, port, host = record
            target = b"".join(bytes([len(label)]) + label.encode() for label in host.split(".")) + b"\0"
            records.append((33, struct.pack("!HHH", priority, 1, port) + target))
        else:
            records.append((1, socket.inet_aton(record)))
    found = [record for record in records if record[0] == kind]
    code = 3 if name not in zone else 2 if zone[name] is None else 0
    head = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found), 0, 0)
    return head + question + b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data for kind, data in found)


def serve_names(server):
    while True:
        query, client = server.recvfrom(4096)
        with open("zone.json", encoding="utf-8") as file:
            zone = json.load(file)
        server.sendto(answer(query, zone), client)


def tell_address(listener):
    """Gives back each text with the address that it came to in the place of its beginning."""
    while True:
        stream, _ = listener.accept()

        def run(stream=stream):
            with stream:
                while part := stream.recv(65536):
                    stream.sendall(stream.getsockname()[0].encode().ljust(len(part)))

        threading.Thread(target=run, daemon=True).start()


def tell_address_by_http(port):
    class Address(Handler):
        def do_GET(self):
            told = self.connection.getsockname()[0].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

    server = Server(("0.0.0.0", port), Address)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def world(options):
    """The name server and the backends of a network that has nothing else. It is to be started in a network and mount
    points of its own (`unshare --net --mount`)."""
    with socket.socket() as handle:
        # The loopback interface begins down: SIOCSIFFLAGS, IFF_UP and IFF_RUNNING.
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
    for name, text in [
        ("resolv.conf", f"nameserver 127.0.0.1\noptions timeout:{options.patience} attempts:2\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ]:
        if os.path.exists(f"/etc/{name}"):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
            subprocess.run(["mount", "--bind", name, f"/etc/{name}"], check=True)
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=serve_names, args=(names,), daemon=True).start()
    # All addresses of 127.0.0.0/8 are this machine's. The network is its own, and so are its ports.
    for port in (7001, 7002):
        listener = socket.create_server(("0.0.0.0", port), backlog=128)
        threading.Thread(target=tell_address, args=(listener,), daemon=True).start()
    tell_address_by_http(8001)
    say(event="listening", port=0)
    signal.pause()


# Around a router

def service(options):
    """Holds a socket for a program, as systemd does with a socket unit (sd_listen_fds(3)). SIGUSR1 stops the program
    and starts it again."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    say(event="listening", port=listener.getsockname()[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])

    def start():
        child = os.fork()
        if child == 0:
            os.dup2(listener.fileno(), 3)
            os.set_inheritable(3, True)
            own = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": options.fdname}
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1, signal.SIGTERM])
            os.execvpe(options.words[0], options.words, {**os.environ, **own})
        say(event="started", count=child)
        return child

    child = start()
    while True:
        wanted = signal.sigwait([signal.SIGUSR1, signal.SIGTERM])
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
        say(event="ended", count=os.waitstatus_to_exitcode(status))
        if wanted == signal.SIGTERM:
            return
        child = start()


def without_landlock(options):
    """Becomes a program to which the kernel says that it knows no Landlock: landlock_create_ruleset(2) is ENOSYS."""

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    filters = b"".join(struct.pack("HBBI", *step) for step in [
        (0x20, 0, 0, 0),            # the call's number
        (0x15, 0, 1, 444),          # another than this: over the next
        (0x06, 0, 0, 0x00050000 | 38),
        (0x06, 0, 0, 0x7fff0000),
    ])
    libc = ctypes.CDLL(None, use_errno=True)
    # PR_SET_NO_NEW_PRIVS and PR_SET_SECCOMP
    for arguments in [(38, 1, 0, 0, 0), (22, 2, ctypes.byref(Program(4, filters)), 0, 0)]:
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    os.execvp(options.words[0], options.words)

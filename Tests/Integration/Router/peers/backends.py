"""What the router forwards to. Each says its port first, and then what it sees."""

import hashlib
import os
import socket
import ssl
import struct
import threading
import time

import proxyheader
from exchange import ending, say


def serve(options, handle):
    if options.unix:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(options.unix)
        listener.listen(4096)
        say(event="listening", port=0)
    else:
        listener = socket.create_server(("127.0.0.1", options.port), backlog=4096)
        say(event="listening", port=listener.getsockname()[1])
    context = tls(options) if options.identity else None

    def run(stream):
        try:
            with stream:
                if context:
                    with context.wrap_socket(stream, server_side=True) as secure:
                        say(event="client", detail=common_name(secure), version=secure.version())
                        handle(secure)
                else:
                    handle(stream)
        except (OSError, EOFError) as error:
            outcome, detail = ending(error)
            say(event="cut", outcome=outcome, detail=detail)

    while True:
        stream, _ = listener.accept()
        if not options.unix:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=run, args=(stream,), daemon=True).start()


def tls(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"pki/{options.identity}.crt", f"pki/{options.identity}.key")
    if options.ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.ca)
    return context


def common_name(stream):
    subject = (stream.getpeercert() or {}).get("subject", ())
    return dict(part for name in subject for part in name).get("commonName", "")


def echo(options):
    def handle(stream):
        while part := stream.recv(65536):
            stream.sendall(part)

    serve(options, handle)


def echo_once(options):
    serve(options, lambda stream: stream.sendall(stream.recv(65536)))


def reset(options):
    def handle(stream):
        stream.recv(65536)
        # Closed with a linger of nothing, the kernel sends RST.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    serve(options, handle)


def stall(options):
    # Nothing of TLS either, whatever identity was given.
    options.identity = None
    serve(options, lambda stream: time.sleep(3600))


def count(options):
    def handle(stream):
        received = 0
        while part := stream.recv(65536):
            received += len(part)
        stream.sendall(f"{received} bytes".encode())

    serve(options, handle)


def send(options):
    def handle(stream):
        digest = hashlib.sha256()
        for _ in range(options.mib):
            part = os.urandom(1 << 20)
            digest.update(part)
            stream.sendall(part)
        stream.shutdown(socket.SHUT_WR)
        say(event="sent", count=options.mib << 20, detail=digest.hexdigest())
        received = 0
        while part := stream.recv(65536):
            received += len(part)
        say(event="received", count=received)

    serve(options, handle)


def proxied(options):
    def handle(stream):
        say(event="header", **proxyheader.read(stream))
        while part := stream.recv(65536):
            stream.sendall(part)

    serve(options, handle)

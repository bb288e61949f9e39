"""One client: how it connects, what it says, and how that ends."""

import errno
import json
import os
import socket
import ssl
import time

import proxyheader

# Seconds. What takes longer has failed, however slow the machine is.
PATIENCE = 180


def say(**facts):
    """A line at once: several threads tell something, and signals interrupt them."""
    os.write(1, (json.dumps(facts) + "\n").encode())


def dial(options):
    if options.unix:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(PATIENCE)
        plain.connect(options.unix)
    else:
        source = (options.source, 0) if options.source else None
        plain = socket.create_connection(("127.0.0.1", options.port), PATIENCE, source)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.proxy:
        plain.sendall(proxyheader.written(options))
    return plain


def context(options):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(options.ca)
    if options.identity:
        made.load_cert_chain(f"pki/{options.identity}.crt", f"pki/{options.identity}.key")
    if options.tls:
        version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[options.tls]
        made.minimum_version = made.maximum_version = version
    return made


def connect(options, using=None):
    plain = dial(options)
    if options.plain:
        return plain
    try:
        return (using or context(options)).wrap_socket(plain, server_hostname=options.name)
    except BaseException:
        plain.close()
        raise


def ask(stream, text):
    """Sends a text and reads as much back."""
    stream.sendall(text.encode())
    answer = b""
    while len(answer) < len(text):
        part = stream.recv(65536)
        if not part:
            raise EOFError
        answer += part
    return answer.decode()


def ending(error):
    """How a connection ended, as a word and its detail."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "untrusted", error.verify_message
    if isinstance(error, (EOFError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "ended", ""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        if "ALERT_" in reason:
            return "alert", reason.split("ALERT_")[-1].lower().replace("_", " ")
        return "tls", reason
    if isinstance(error, (ConnectionResetError, BrokenPipeError)) or getattr(error, "errno", 0) == errno.ENOTCONN:
        return "reset", ""
    if isinstance(error, ConnectionRefusedError):
        return "unreachable", ""
    if isinstance(error, TimeoutError):
        return "timeout", ""
    return "failed", repr(error)


def server(stream):
    """The serial of the server's certificate."""
    return stream.getpeercert()["serialNumber"].lower() if isinstance(stream, ssl.SSLSocket) else None


def attempt(options, using=None):
    facts = {}
    try:
        with connect(options, using) as stream:
            facts = {"server": server(stream), "version": getattr(stream, "version", str)()}
            if options.silent:
                while stream.recv(65536):
                    pass
                raise EOFError
            return dict(facts, outcome="answered", detail=ask(stream, options.text))
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        return dict(facts, outcome=outcome, detail=detail)


def once(options):
    using = None if options.plain else context(options)
    for _ in range(options.count):
        say(**attempt(options, using))


def talk(options):
    try:
        with connect(options) as stream:
            while True:
                say(event="answer", detail=ask(stream, options.text))
                time.sleep(0.1)
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        say(event="end", outcome=outcome, detail=detail)


def chatter(options):
    """Says something count times before it listens, as a program does that has no answer to wait for."""
    try:
        with connect(options) as stream:
            for _ in range(options.count):
                stream.sendall(options.text.encode())
                time.sleep(0.02)
            stream.recv(1)
            raise EOFError
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        say(outcome=outcome, detail=detail)

"""HTTP/2 frame by frame (RFC 9113), to say what no library would: requests that are none, and floods."""

import itertools
import select
import signal
import ssl
import threading
import time

import hpack

from backends import serve
from exchange import connect, context, ending, say

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4
# RFC 9113 §7
REASONS = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
]


def reason(payload):
    return REASONS[int.from_bytes(payload[:4], "big")]


def octets(number, count):
    return number.to_bytes(count, "big")


def frame(kind, flags, stream, payload=b""):
    return octets(len(payload), 3) + bytes([kind, flags]) + octets(stream, 4) + payload


def request(fields, body=None, stream=1, encoder=None):
    block = (encoder or hpack.Encoder()).encode(fields)
    head = frame(HEADERS, END_HEADERS | (END_STREAM if body is None else 0), stream, block)
    return head + (frame(DATA, END_STREAM, stream, body) if body is not None else b"")


class Conversation:
    def __init__(self, options, settings=b""):
        speaking = context(options)
        speaking.set_alpn_protocols(["h2"])
        self.stream = connect(options, speaking)
        assert self.stream.selected_alpn_protocol() == "h2"
        self.decoder = hpack.Decoder()
        self.stream.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))

        self.received = b""

    def read(self):
        part = self.stream.recv(65536)
        if not part:
            raise EOFError
        self.received += part

    def frames(self):
        """What has been received whole: kind, flags, stream and payload of each."""
        while len(self.received) >= 9 and len(self.received) >= (end := 9 + int.from_bytes(self.received[:3], "big")):
            head, payload, self.received = self.received[:9], self.received[9:end], self.received[end:]
            yield head[3], head[4], int.from_bytes(head[5:], "big"), payload

    def outcome(self):
        """What becomes of the first stream: answered with a status, reset with a code, or the connection's end."""
        try:
            while True:
                for kind, _, stream, payload in self.frames():
                    if kind == HEADERS and stream == 1:
                        return "answered", dict(self.decoder.decode(payload))[":status"]
                    if kind == RST_STREAM and stream == 1:
                        return "reset", reason(payload)
                    if kind == GOAWAY and reason(payload[4:]) != "NO_ERROR":
                        return "goaway", reason(payload[4:])
                self.read()
        except (OSError, EOFError) as error:
            return ending(error)


# Requests

PSEUDO = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/"}


def fields(*others, **pseudo):
    """A request's fields; a pseudo field that is None is left out."""
    made = PSEUDO | {f":{name}": value for name, value in pseudo.items()}
    return [(name, value) for name, value in made.items() if value is not None] + list(others)


REQUESTS = {
    "whole": (fields(), None),
    "whole, with a body": (fields(("content-length", "5"), method="POST"), b"hello"),
    "absolute path": (fields(path="https://localhost/"), None),
    "path without a slash": (fields(path="private"), None),
    "empty path": (fields(path=""), None),
    "star": (fields(path="*"), None),
    "fragment": (fields(path="/#private"), None),
    "space in the path": (fields(path="/a b"), None),
    "line end in the path": (fields(path="/\r\nx: y"), None),
    "no path": (fields(path=None), None),
    "no method": (fields(method=None), None),
    "no scheme": (fields(scheme=None), None),
    "no authority": (fields(authority=None), None),
    "user in the authority": (fields(authority="robot@localhost"), None),
    "path in the authority": (fields(authority="localhost/private"), None),
    "space in the authority": (fields(authority="localhost private"), None),
    "another host": (fields(("host", "private.example")), None),
    "two hosts": (fields(("host", "localhost"), ("host", "localhost"), authority=None), None),
    "method twice": (fields((":method", "GET")), None),
    "pseudo field behind others": (fields(("x", "y"), (":path", "/private"), path=None), None),
    "unknown pseudo field": (fields((":private", "y")), None),
    "status": (fields((":status", "200")), None),
    "space in the method": (fields(method="GET /private"), None),
    "connection": (fields(("connection", "keep-alive")), None),
    "transfer-encoding": (fields(("transfer-encoding", "chunked"), method="POST"), b"0\r\n\r\n"),
    "upgrade": (fields(("upgrade", "websocket")), None),
    "te": (fields(("te", "gzip")), None),
    "upper case": (fields(("X-Upper", "y")), None),
    "empty name": (fields(("", "y")), None),
    "colon in a name": (fields(("x:y", "z")), None),
    "line end in a value": (fields(("x", "y\r\nx-private: z")), None),
    "NUL in a value": (fields(("x", "y\0")), None),
    "length is more": (fields(("content-length", "6"), method="POST"), b"hello"),
    "length is less": (fields(("content-length", "1"), method="POST"), b"hello"),
    "two lengths": (fields(("content-length", "5"), ("content-length", "6"), method="POST"), b"hello"),
    "length is no number": (fields(("content-length", "+5"), method="POST"), b"hello"),
    "CONNECT": ([(":method", "CONNECT"), (":authority", "localhost:22")], None),
    "CONNECT with a protocol": (fields((":protocol", "websocket"), method="CONNECT"), None),
}


def requests(options):
    for name in options.case or REQUESTS:
        said, body = REQUESTS[name]
        try:
            conversation = Conversation(options)
            conversation.stream.sendall(request(said, body))
            outcome, detail = conversation.outcome()
            conversation.stream.close()
        except (OSError, EOFError) as error:
            outcome, detail = ending(error)
        say(event=name, outcome=outcome, detail=detail)


# A backend

def bodiless(options):
    """Answers each request of HTTP/2 by a head that is all, and says no length."""
    def answer(stream):
        decoder, encoder, received = hpack.Decoder(), hpack.Encoder(), b""
        while len(received) < len(PREFACE):
            received += stream.recv(len(PREFACE) - len(received))
        stream.sendall(frame(SETTINGS, 0, 0))
        received = b""
        while part := stream.recv(65536):
            received += part
            while len(received) >= 9 and len(received) >= (end := 9 + int.from_bytes(received[:3], "big")):
                kind, number, payload = received[3], int.from_bytes(received[5:9], "big"), received[9:end]
                received = received[end:]
                if kind == HEADERS:
                    path = dict(decoder.decode(payload))[":path"]
                    say(event="request", detail=path)
                    said = encoder.encode([(":status", "302"), ("location", "/there")])
                    stream.sendall(frame(HEADERS, END_HEADERS | END_STREAM, number, said))

    serve(options, answer)


# Floods: each gives bytes without end, some frames at a time. A stream's number is odd.

TOGETHER = 100


def streams(made):
    encoder = hpack.Encoder()
    for first in itertools.count(1, 2 * TOGETHER):
        yield b"".join(made(stream, encoder) for stream in range(first, first + 2 * TOGETHER, 2))


def the_same(bytes_):
    return itertools.repeat(bytes_ * TOGETHER)


def rapid_reset():
    return streams(lambda stream, encoder: request(fields(path="/chunked"), None, stream, encoder)
                   + frame(RST_STREAM, 0, stream, octets(8, 4)))


def self_reset():
    """The server resets each itself, since it may not update a window by nothing (CVE-2025-8671)."""
    return streams(lambda stream, encoder: request(fields(method="POST"), b"", stream, encoder)
                   + frame(WINDOW_UPDATE, 0, stream, bytes(4)))


def opened():
    return streams(lambda stream, encoder: frame(HEADERS, END_HEADERS, stream,
                                                 encoder.encode(fields(path="/chunked", method="POST"))))


def continuation():
    yield frame(HEADERS, 0, 1, hpack.Encoder().encode(fields()))
    # Literals that nobody indexes: x: y
    yield from the_same(frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y" * 10))


def bomb():
    """A field of 4,000 bytes, and a byte for each time that it comes again."""
    encoder = hpack.Encoder()
    encoder.huffman = False
    for stream in itertools.count(1, 2):
        block = encoder.encode(fields()) + encoder.encode([("x", "y" * 4000)])
        again = encoder.encode([("x", "y" * 4000)])
        assert len(again) == 1
        yield frame(HEADERS, END_HEADERS | END_STREAM, stream, block + again * 12_000)


def in_a_stream(bytes_):
    yield frame(HEADERS, END_HEADERS, 1, hpack.Encoder().encode(fields(method="POST")))
    yield from the_same(bytes_)


FLOODS = {
    "rapid reset": rapid_reset,
    "self reset": self_reset,
    "streams": opened,
    "continuation": continuation,
    "bomb": bomb,
    "ping": lambda: the_same(frame(PING, 0, 0, bytes(8))),
    "settings": lambda: the_same(frame(SETTINGS, 0, 0)),
    "table sizes": lambda: the_same(frame(SETTINGS, 0, 0, (b"\0\1" + bytes(4) + b"\0\1\0\0\x10\0") * 5)),
    "empty data": lambda: in_a_stream(frame(DATA, 0, 1)),
    "priority": lambda: the_same(frame(PRIORITY, 0, 3, b"\0\0\0\0\x10")),
    "windows": lambda: the_same(frame(WINDOW_UPDATE, 0, 0, octets(1, 4))),
    "unknown": lambda: the_same(frame(0xfa, 0, 0, bytes(100))),
}


def flood(options):
    """Sends for count seconds, or until SIGTERM or the connection's end, and reads what is said to it."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    for name in options.case or FLOODS:
        conversation = Conversation(options)
        conversation.stream.setblocking(False)
        say(event="begun", detail=name)
        sent, rest, said, outcome = 0, b"", "", "open"
        parts, end = FLOODS[name](), time.monotonic() + options.count
        try:
            while time.monotonic() < end and not stop.is_set():
                rest = rest or next(parts)
                try:
                    count = conversation.stream.send(rest)
                    sent, rest = sent + count, rest[count:]
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    select.select([conversation.stream], [conversation.stream], [], 1)
                try:
                    conversation.read()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                for kind, _, _, payload in conversation.frames():
                    if kind == GOAWAY:
                        said = reason(payload[4:])
        except (OSError, EOFError) as error:
            outcome, _ = ending(error)
        say(event=name, outcome=outcome, count=sent, detail=said)
        conversation.stream.close()


def shut(options):
    """Asks for answers on many streams, and lets nothing come: its windows are closed. If it is busy, it shows meanwhile
    that it is there, until all streams are reset."""
    conversation = Conversation(options, bytes([0, INITIAL_WINDOW_SIZE]) + bytes(4))
    encoder = hpack.Encoder()
    began = time.monotonic()
    for stream in range(1, 2 * options.count, 2):
        conversation.stream.sendall(request(fields(), None, stream, encoder))
    say(event="begun")
    heads, resets = 0, 0
    is_busy = options.how == "busy"
    try:
        while resets < options.count:
            for kind, _, _, payload in conversation.frames():
                heads += kind == HEADERS
                resets += kind == RST_STREAM
                if kind == DATA and payload:
                    raise ValueError("a closed window was passed by")
            if is_busy and not select.select([conversation.stream], [], [], 0.2)[0]:
                conversation.stream.sendall(frame(PING, 0, 0, bytes(8)))
            else:
                conversation.read()
        say(outcome="reset", count=heads, seconds=time.monotonic() - began)
    except (OSError, EOFError) as error:
        outcome, detail = ending(error)
        say(outcome=outcome, detail=detail, count=heads, seconds=time.monotonic() - began)

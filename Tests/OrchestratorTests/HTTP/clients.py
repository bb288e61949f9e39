"""Clients that are wrong on purpose, and some that are only busy: clients.py KIND PORT FOLDER SIGNS NUMBER"""

import os
import socket
import ssl
import struct
import sys
import threading
import time

kind, port, folder, signs, number = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
# Longer than any limit of a server that a test looks at, also on a busy machine.
TIMEOUT = 600


def tcp():
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)


def tls(protocol="http/1.1", name="node"):
    context = ssl.create_default_context(cafile=f"{folder}/root.crt")
    if name:
        context.load_cert_chain(f"{folder}/{name}.crt", f"{folder}/{name}.key")
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(tcp(), server_hostname="localhost")


def get(path, extra=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()


def answer(connection):
    """Reads one response that has a content-length; empty when the connection was closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        chunk = connection.recv(65536)
        if not chunk:
            return head + body
        body += chunk
    return head + b"\r\n\r\n" + body


def until_closed(connection):
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except socket.timeout:
        return data, False
    except OSError:
        pass
    return data, True


def tell(sign):
    open(f"{signs}/{sign}", "w").close()


def wait_for(sign):
    deadline = time.monotonic() + TIMEOUT
    while not os.path.exists(f"{signs}/{sign}") and time.monotonic() < deadline:
        time.sleep(0.01)


def stay():
    """Asks once, and waits to be closed."""
    connection = tls()
    connection.sendall(get("/who"))
    print(answer(connection).splitlines()[-1].decode(), flush=True)
    tell("answered")
    print("closed" if until_closed(connection)[1] else "open")


def slow_head():
    connection = tls()
    try:
        for byte in get("/who", "X: " + "x" * 1000 + "\r\n"):
            connection.send(bytes([byte]))
            time.sleep(0.02)
    except OSError:
        print("closed")
        return
    print("open")


def slow_body():
    connection = tls()
    connection.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
    data, closed = until_closed(connection)
    print(data.split(b"\r\n")[0].decode(), "closed" if closed else "open")


def half_open():
    connections = [tcp() for _ in range(number)]
    tell("connected")
    print("open", flush=True)
    sys.stdin.read()
    print(sum(until_closed(connection)[1] for connection in connections), "closed")


def many_fields():
    connection = tls()
    connection.sendall(get("/who", "".join(f"X-{i}: 1\r\n" for i in range(number))))
    print(answer(connection).split(b"\r\n")[0].decode())


def last_request():
    """HTTP/1.NUMBER: with 0 the end of the connection is the end of the answer, with 1 it is asked for."""
    connection = tcp()
    wish = "Connection: TE, close\r\n" if number else ""
    connection.sendall(f"GET /who HTTP/1.{number}\r\nHost: localhost\r\n{wish}\r\n".encode())
    data, closed = until_closed(connection)
    print(data.split(b"\r\n")[0].decode(), "closed" if closed else "open")


def plain():
    connection = tcp()
    connection.sendall(get("/who"))
    data, closed = until_closed(connection)
    print(len(data) if b"HTTP" in data else 0, "closed" if closed else "open")


def unread():
    """Asks for much, and reads nothing until it is told to."""
    connection = tls()
    connection.sendall(get("/large") * 20)
    wait_for("read")
    total = len(until_closed(connection)[0])
    print("cut" if total < 20 * (4 << 20) else "whole")


def frame(type, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([type, flags]) + struct.pack(">I", stream) + payload


def rapid_reset():
    connection = tls("h2")
    headers = b"\x82\x84\x87\x41\x09localhost"
    out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
    for index in range(number):
        out += frame(1, 5, 2 * index + 1, headers) + frame(3, 0, 2 * index + 1, struct.pack(">I", 8))
    try:
        connection.sendall(out)
    except OSError:
        pass
    data, closed = until_closed(connection)
    code = None
    while len(data) >= 9:
        length, type = int.from_bytes(data[:3], "big"), data[3]
        if type == 7:
            code = int.from_bytes(data[13:17], "big")
        data = data[9 + length:]
    print("GOAWAY", code, "closed" if closed else "open")


def load():
    """Two threads, one that keeps its connection as long as it may, one that opens a new one for each request."""
    failures = []

    def ask(keep):
        connection = None
        for _ in range(number):
            try:
                connection = connection or tls()
                connection.sendall(get("/who"))
                if b"200 OK" not in answer(connection):
                    failures.append("no answer")
                    connection = None
            except OSError as error:
                failures.append(str(error))
                connection = None
            if not keep and connection:
                connection.close()
                connection = None

    threads = [threading.Thread(target=ask, args=(keep,)) for keep in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(failures), "failures", failures[:3])


globals()[kind]()

"""HTTP: a backend that tells what it was asked, and clients that do what curl doesn't."""

import hashlib
import json
import threading
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from exchange import PATIENCE, ask, connect, ending, say


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            return body if len(body) == length else None
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return whole

    def answer(self):
        path = self.path.split("?")[0]
        if path == "/upgrade":
            return self.upgrade()
        body = self.body()
        if body is None:
            self.close_connection = True
            return
        say(event="request", detail=f"{self.command} {self.path}")
        if path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
            return
        if path == "/large":
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 20))
            self.end_headers()
            self.wfile.write(bytes(1 << 20))
            return
        if path == "/endless":
            return self.endless()
        if path == "/never":
            self.rfile.read(1)
            say(event="left")
            self.close_connection = True
            return
        if path == "/silent-end":
            self.close_connection = True
            return
        told = json.dumps({
            "port": self.server.server_address[1], "method": self.command, "target": self.path,
            "headers": [[name, value] for name, value in self.headers.items()],
            "count": len(body), "digest": hashlib.sha256(body).hexdigest(),
            "framing": "chunked" if "Transfer-Encoding" in self.headers else "length",
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if path != "/chunked":
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(told), 7):
            part = told[start:start + 7]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def upgrade(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "echo")
        self.end_headers()
        while part := self.rfile.read1(65536):
            self.wfile.write(part)
        self.close_connection = True

    def endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"5\r\nhello\r\n")
                time.sleep(0.05)
        except OSError:
            say(event="left")
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A client that goes away is no event."""


def web(options):
    server = Server(("127.0.0.1", 0), Handler)
    say(event="listening", port=server.server_address[1])
    server.serve_forever()


def trickle(options):
    """Sends the text a byte at a time, five in a second, until something comes. In one thread: two may not use the same
    TLS connection at once."""
    answer, began = b"", time.monotonic()
    outcome = "answered"
    try:
        with connect(options) as stream:
            stream.settimeout(0.2)
            for byte in options.text.encode():
                stream.sendall(bytes([byte]))
                try:
                    answer = stream.recv(65536)
                    outcome = "answered" if answer else "ended"
                    break
                except TimeoutError:
                    continue
    except (OSError, EOFError) as error:
        outcome, _ = ending(error)
    say(outcome=outcome, detail=answer.decode(), seconds=time.monotonic() - began)


def abandon(options):
    for _ in range(options.count):
        with connect(options) as stream:
            stream.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(30_000))
    say(event="done")


def upgrade(options):
    with connect(options) as stream:
        stream.sendall(b"GET /upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            part = stream.recv(1)
            if not part:
                break
            head += part
        say(event="head", detail=head.decode())
        for _ in range(options.count):
            say(event="answer", detail=ask(stream, options.text))


def grpc_backend(options):
    import grpc

    def fail(_, context):
        context.set_trailing_metadata((("why", "it isn't there"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "nothing of that name")

    def once(request, context):
        context.set_trailing_metadata((("length", str(len(request))),))
        return request

    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {
        "Once": grpc.unary_unary_rpc_method_handler(once),
        "Talk": grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
    }),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(event="listening", port=port)
    server.wait_for_termination()


def grpc_client(options):
    """A unary call, a stream in which each message waits for the answer to the one before, and a failure."""
    import grpc

    def bytes_of(name):
        with open(name, "rb") as file:
            return file.read()

    own = (bytes_of(f"pki/{options.identity}.{kind}") if options.identity else None for kind in ("key", "crt"))
    credentials = grpc.ssl_channel_credentials(bytes_of(options.ca), *own)
    names = (("grpc.ssl_target_name_override", options.name),)
    with grpc.secure_channel(f"ipv4:127.0.0.1:{options.port}", credentials, names) as channel:
        def tell(name, call):
            try:
                detail, ended = call()
                trailers = ended.trailing_metadata()
                say(event=name, outcome=ended.code().name, count=len(detail), detail=str(dict(trailers)))
            except grpc.RpcError as error:
                trailers = dict(error.trailing_metadata() or ())
                say(event=name, outcome=error.code().name, detail=f"{error.details()} {trailers}")

        def talk():
            heard = threading.Semaphore(1)

            def words():
                for number in range(options.count):
                    heard.acquire()
                    yield b"%d" % number

            call, answers = channel.stream_stream("/test.Echo/Talk")(words(), timeout=PATIENCE), []
            for answer in call:
                answers.append(answer)
                heard.release()
            return answers, call

        tell("unary", lambda: channel.unary_unary("/test.Echo/Once").with_call(
            b"x" * (options.mib << 20), timeout=PATIENCE))
        tell("stream", talk)
        tell("fail", lambda: channel.unary_unary("/test.Echo/Fail").with_call(b"", timeout=PATIENCE))

#!/usr/bin/env python3
"""A stub of a Kubernetes API server, over TLS, with its objects in memory.

It keeps to the documented API (https://kubernetes.io/docs/reference/using-api/): server-side apply with field
ownership, dry runs, preconditions, label selectors, paged lists, and restarts of workloads that take some polls.

    stub_api_server.py --cert server.crt --key server.key --client-ca ca.crt --port 0 --token T \
        --state state.json --faults faults.json --log requests.jsonl

Prints `listening on PORT`. state.json: {"namespaces": [...], "objects": [...], "pageLimit": N}; an object's
annotation `stub/rollout` (done, fail, stuck) says how its restarts go. faults.json is read for each request:
[{"method": "PATCH", "path": "regular expression", "status": 429, "times": 2, "retryAfter": 0, "body": "...",
"size": bytes, "close": true, "delay": seconds}]. Each request becomes a line of requests.jsonl.
"""

import argparse
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading

from api import API
from faults import Faults
from store import Store


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        print(f"connection from {address}: {sys.exc_info()[1]!r}", file=sys.stderr)


def tls(arguments):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(arguments.cert, arguments.key)
    if arguments.client_ca:
        context.load_verify_locations(arguments.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def handler(api, context):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def setup(self):
            # Here, in the connection's own thread: a handshake that hangs holds up nobody else.
            self.request.settimeout(self.timeout)
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def respond(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            answer = api.answer(self.command, self.path, self.headers, body, self.request.getpeercert())
            if answer is None:
                self.close_connection = True
                return
            status, fields, content = answer
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, format, *arguments):
            pass

    return Handler


def end_with_input():
    """Whoever holds the other end of standard input is gone: a test run that has ended, however it has."""
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--client-ca", help="clients with a certificate of this CA are known")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", action="append", default=[], help="a bearer token that is known; may be repeated")
    parser.add_argument("--state")
    parser.add_argument("--faults")
    parser.add_argument("--log")
    parser.add_argument("--until-input-ends", action="store_true", help="end with standard input")
    arguments = parser.parse_args()
    state = {}
    if arguments.state:
        with open(arguments.state) as file:
            state = json.load(file)
    api = API(Store(state), Faults(arguments.faults), arguments.token, arguments.log, threading.Lock())
    server = Server(("127.0.0.1", arguments.port), handler(api, tls(arguments)))
    if arguments.until_input_ends:
        threading.Thread(target=end_with_input, daemon=True).start()
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

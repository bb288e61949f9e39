"""The peers of a router under test: clients and backends, good and bad. What happens is told as JSON, an object a line.

Certificates lie in pki/ of the working folder: pki/NAME.crt, pki/NAME.key and pki/ca.crt.
"""

import argparse
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))

import backends  # noqa: E402
import crowd  # noqa: E402
import endpoints  # noqa: E402
import exchange  # noqa: E402
import frames  # noqa: E402
import messages  # noqa: E402
import resume  # noqa: E402
import streams  # noqa: E402
import web  # noqa: E402


def client(commands, name, action, words):
    parser = commands.add_parser(name, help=words)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=int)
    place.add_argument("--unix")
    parser.add_argument("--as", dest="identity", help="whose certificate is presented; nobody's")
    parser.add_argument("--ca", default="pki/ca.crt")
    parser.add_argument("--name", default="localhost", help="whom the server has to be; sent as SNI")
    parser.add_argument("--plain", action="store_true", help="no TLS")
    parser.add_argument("--tls", choices=["1.2", "1.3"])
    parser.add_argument("--source", help="the address to connect from")
    parser.add_argument("--proxy", choices=["v1", "v2", "local", "garbage"], help="a PROXY header comes first")
    parser.add_argument("--claim", default="198.51.100.7", help="whom that header says the client to be")
    parser.add_argument("--claim-name", help="and the common name that it says to be verified")
    parser.add_argument("--token", help="what NATS is told")
    parser.add_argument("--tls-first", action="store_true", help="NATS's own TLS, before the server says anything")
    parser.add_argument("--text", default="hello")
    parser.add_argument("--session", default="session", help="the file that a TLS session is kept in")
    parser.add_argument("--silent", action="store_true", help="sends nothing, and waits for the end")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--mib", type=int, default=1)
    parser.add_argument("--case", action="append", help="which of the wrong handshakes, requests, floods; all")
    parser.add_argument("--how", choices=["nothing", "half", "bytewise", "garbage", "busy"], default="nothing")
    parser.set_defaults(action=action)


def negative(options):
    # tlslite-ng is slow to load.
    import negative as handshakes

    handshakes.negative(options)


def backend(commands, name, action, words):
    parser = commands.add_parser(name, help=words)
    parser.add_argument("--unix")
    parser.add_argument("--port", type=int, default=0, help="where an echo listens; the system's choice")
    parser.add_argument("--identity", help="whose certificate is shown; without it no TLS is spoken")
    parser.add_argument("--ca", help="clients need a certificate of it")
    parser.add_argument("--mib", type=int, default=1)
    parser.set_defaults(action=action)


def network(commands, name, action, words):
    parser = commands.add_parser(name, help=words)
    # The most that the library takes: on a busy machine an answer may take its time.
    parser.add_argument("--patience", type=int, default=30, help="seconds for which each question waits, twice")
    parser.set_defaults(action=action)


def around(commands, name, action, words):
    parser = commands.add_parser(name, help=words)
    parser.add_argument("--fdname", default="in")
    parser.add_argument("words", nargs="+", help="a program and its arguments")
    parser.set_defaults(action=action)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    client(commands, "once", exchange.once, "exchanges, one connection each; tells how each ended")
    client(commands, "chatter", exchange.chatter, "says something count times before it listens")
    client(commands, "talk", exchange.talk, "says something again and again on one connection")
    client(commands, "late", streams.late, "stops before the end of its handshake until SIGUSR1")
    client(commands, "drip", streams.drip, "sends a byte at a time")
    client(commands, "half-close", streams.half_close, "says all and ends; then reads what is left to read")
    client(commands, "to-the-end", streams.to_the_end, "says something, and reads until nothing comes")
    client(commands, "drink", streams.drink, "reads to the end, then sends as much")
    client(commands, "push", streams.push, "sends until nothing is taken any more")
    client(commands, "session", resume.session, "saves a TLS session, or resumes it without a certificate")
    client(commands, "nats", messages.nats, "publishes to itself")
    client(commands, "trickle", web.trickle, "says something a byte at a time, until there is an answer")
    client(commands, "abandon", web.abandon, "goes away in the midst of its requests, count times")
    client(commands, "upgrade", web.upgrade, "leaves HTTP/1.1 for an echo, and says something count times")
    client(commands, "grpc", web.grpc_client, "calls gRPC: once, in a stream of count messages, and in vain")
    client(commands, "requests", frames.requests, "requests of HTTP/2 that are none; tells what became of each")
    client(commands, "flood", frames.flood, "frames of HTTP/2 for count seconds, or until SIGTERM")
    client(commands, "shut", frames.shut, "takes no answers of HTTP/2")
    client(commands, "hold", crowd.hold, "holds connections open; on SIGUSR1 says something on each")
    client(commands, "load", crowd.load, "exchanges, on count connections at once, until SIGTERM")
    client(commands, "slow", crowd.slow, "never comes to the end of its handshake")
    client(commands, "negative", negative, "handshakes that go wrong on purpose; tells how each ended")
    backend(commands, "echo", backends.echo, "gives back what it gets")
    backend(commands, "once-echo", backends.echo_once, "gives back what it gets at first, and ends")
    backend(commands, "reset", backends.reset, "resets the connection once something comes")
    backend(commands, "stall", backends.stall, "takes connections and nothing of them")
    backend(commands, "count", backends.count, "reads to the end, then answers how much it was")
    backend(commands, "send", backends.send, "sends and ends; then tells how much comes")
    backend(commands, "proxied", backends.proxied, "tells the PROXY header that each connection begins with, then echoes")
    backend(commands, "web", web.web, "answers requests of HTTP/1.1 with what they were")
    backend(commands, "bodiless", frames.bodiless, "answers requests of HTTP/2 by heads that are all")
    backend(commands, "grpc-echo", web.grpc_backend, "an echo by gRPC, on HTTP/2 without TLS")
    backend(commands, "switched", endpoints.switched, "an echo; SIGUSR1 turns it off and on")
    backend(commands, "switched-off", endpoints.switched_off, "the same, off at first")
    backend(commands, "ailing", endpoints.ailing, "serves HTTP; SIGUSR1 makes /health say 503, and 200 again")
    backend(commands, "full", endpoints.full, "leaves everybody waiting for a connection")
    network(commands, "world", endpoints.world, "a name server and backends, alone in their network")
    around(commands, "service", endpoints.service, "holds a socket for a program; SIGUSR1 starts it anew")
    around(commands, "without-landlock", endpoints.without_landlock, "a program on a kernel that lacks Landlock")
    return parser.parse_args()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    options = arguments()
    options.action(options)

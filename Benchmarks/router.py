"""Measures the router of a release build against other proxies and its targets: python3 router.py FOLDER_OF_BINARIES

Everyone terminates TLS 1.3 with P-256 keys, X25519 and AES-128-GCM, verifies the client's certificate, and forwards to the
same plain backend. What is compared is the CPU that a server takes for an operation, so it doesn't matter who waits for
whom. Contestants take turns, and a ratio is the median over the rounds: a machine that changes its speed meets all.

  --only NAME    one of handshake, request, bulk, idle, http1, http2, latency, workers, held, reload
  --peers NAMES  some of ours, haproxy, nginx, stunnel, ghostunnel, with commas between. Without ours there are figures
                 and no verdicts

Quick look: ROUTER_SECONDS=1 ROUTER_ROUNDS=1 ROUTER_IDLE=500 python3 router.py ...
"""

import argparse
import contextlib
import fcntl
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

SECONDS = float(os.environ.get("ROUTER_SECONDS", 2))
ROUNDS = int(os.environ.get("ROUTER_ROUNDS", 5))
IDLE = int(os.environ.get("ROUTER_IDLE", 2000))
HELD = int(os.environ.get("ROUTER_HELD", 10_000))
TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".build-tools", "bin")
LOAD = f"{TOOLS}/bench-load"

# The server has a processor of its own, so that one worker is one processor for those, too, who would take more, and so
# that it never waits for the load. Load and backend share the others.
CPUS = sorted(os.sched_getaffinity(0))
PINNED = len(CPUS) > 1
SERVER_CPUS = [CPUS[0]]
LOAD_CPUS = CPUS[1:] or CPUS

# So many that a slow answer doesn't keep the next request from going out on time.
PACED = 128

# What a target's ratio is taken of is the better of these two.
COMPARED = ("haproxy", "nginx")


class Failed(Exception):
    """A measure that can't be made. The others still can."""


class Table:
    def __init__(self):
        self.failed = False

    def row(self, what, target, measured, passed, raw=""):
        """`passed` is None where there is nothing to judge."""
        self.failed |= passed is False
        verdict = {True: "ok  ", False: "MISS", None: "    "}[passed]
        print(f"{verdict}  {what:<46} {target:<12} {measured:<10} {raw}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def on(cpus, command):
    return ["taskset", "--cpu-list", ",".join(map(str, cpus)), *command] if PINNED else command


def write(name, text):
    with open(name, "w") as file:
        file.write(text)
    return os.path.abspath(name)


class Process:
    """A child of ours, ended by its own handle."""

    def __init__(self, name, port, command, environment=None):
        self.name, self.port, self.log = name, port, f"{name}-{port}.log"
        with open(self.log, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            env={**os.environ, **(environment or {})})
        self.wait_until_it_listens()

    def wait_until_it_listens(self):
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise Failed(f"{self.name} did not get ready: {open(self.log).read()[-2000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                # Some wait for connections that nobody ends.
                self.process.kill()
                self.process.wait()


# Each contestant's configuration is as its own documentation has it, with nothing logged for a connection, and what would
# make the work differ set alike: the cipher suite (some would prefer AES-256) and connections to an HTTP backend kept.

def haproxy(way, port, backend, workers):
    http = way == "http"
    write("haproxy.pem", open("server.crt").read() + open("server.key").read())
    protocols = "alpn h2,http/1.1" if http else ""
    config = write(f"haproxy-{port}.cfg", f"""\
global
    nbthread {workers}
    maxconn {connection_limit()}
    ssl-default-bind-options ssl-min-ver TLSv1.3
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
    mode {way}
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    {"http-reuse always" if http else ""}
frontend bench
    bind 127.0.0.1:{port} ssl crt haproxy.pem ca-file ca.crt verify required {protocols}
    default_backend bench
backend bench
    server backend 127.0.0.1:{backend}
""")
    return ["haproxy", "-db", "-f", config], {}


NGINX_TLS = """\
ssl_certificate server.crt;
        ssl_certificate_key server.key;
        ssl_client_certificate ca.crt;
        ssl_verify_client on;
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;"""


def nginx(way, port, backend, workers):
    home = f"nginx-{port}"
    os.makedirs(home)
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy(name, home)
    if way == "tcp":
        body = f"""\
stream {{
    server {{
        listen 127.0.0.1:{port} ssl reuseport backlog=4096;
        {NGINX_TLS}
        proxy_timeout 1h;
        proxy_pass 127.0.0.1:{backend};
    }}
}}
"""
    else:
        body = f"""\
http {{
    access_log off;
    client_body_temp_path client; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    upstream backend {{
        server 127.0.0.1:{backend};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} ssl http2 reuseport backlog=4096;
        {NGINX_TLS}
        location / {{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""
    write(f"{home}/nginx.conf", f"""\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
{"user root;" if os.getuid() == 0 else ""}
daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes {workers};
worker_rlimit_nofile {file_limit()};
events {{ worker_connections {file_limit()}; }}
{body}""")
    return ["nginx", "-p", f"{home}/", "-c", "nginx.conf", "-e", "stderr"], {}


def stunnel(way, port, backend, workers):
    config = write(f"stunnel-{port}.conf", f"""\
foreground = yes
pid =
syslog = no
debug = err
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[bench]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{backend}
cert = server.crt
key = server.key
CAfile = ca.crt
verifyChain = yes
sslVersionMin = TLSv1.3
ciphersuites = TLS_AES_128_GCM_SHA256
libwrap = no
TIMEOUTclose = 0
TIMEOUTidle = 3600
""")
    return ["stunnel4", config], {}


def ghostunnel(way, port, backend, workers):
    return [f"{TOOLS}/ghostunnel", "server", "--listen", f"127.0.0.1:{port}", "--target", f"127.0.0.1:{backend}",
            "--cert", "server.crt", "--key", "server.key", "--cacert", "ca.crt", "--allow-cn", "client",
            "--quiet", "all"], {"GOMAXPROCS": str(workers)}


def admin_socket(port):
    return os.path.abspath(f"router-{port}.sock")


# As the others look at the path, so do we: and at the host of a route that isn't taken.
OUR_ROUTES = """protocol: http
    routes: [{host: other.example, path: /other, to: backend}, {path: /, to: backend}]"""


def ours(way, port, backend, workers):
    config = write(f"router-{port}.yaml", f"""\
workers: {workers}
admin: {admin_socket(port)}
log: {{level: warning, access: off}}
listeners:
  - name: bench
    listen: 127.0.0.1:{port}
    {OUR_ROUTES if way == "http" else "to: backend"}
    identity: {{cert: {os.path.abspath("server.crt")}, key: {os.path.abspath("server.key")}}}
    clients: {{trust: {os.path.abspath("ca.crt")}, allow: [{{cn: client}}]}}
clusters:
  - name: backend
    endpoints: ["127.0.0.1:{backend}"]
""")
    return [OUR_BINARY, "router", "run", "--config", config], {}


CONTESTANTS = {"ours": ours, "haproxy": haproxy, "nginx": nginx, "stunnel": stunnel, "ghostunnel": ghostunnel}
# The others don't speak HTTP.
SPEAK_HTTP = ("ours", *COMPARED)


def file_limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def connection_limit():
    """What a proxy can hold that has two files for each, and some for itself."""
    return (file_limit() - 256) // 2


class Bench:
    def __init__(self, names):
        self.names, self.table = names, Table()
        self.backend = free_port()
        self.running = []
        self.keep(Process("backend", self.backend,
                          on(LOAD_CPUS, [LOAD, "backend", "--listen", f"127.0.0.1:{self.backend}"])))

    def keep(self, process):
        self.running.append(process)
        return process

    def stop(self):
        for process in self.running:
            process.stop()

    @contextlib.contextmanager
    def servers(self, *wanted, cpus=SERVER_CPUS):
        """Servers for a while: (name, way, workers) each."""
        started = []
        for name, way, workers in wanted:
            port = free_port()
            command, environment = CONTESTANTS[name](way, port, self.backend, workers)
            started.append(self.keep(Process(name, port, on(cpus, command), environment)))
        try:
            yield started
        finally:
            for process in started:
                process.stop()
                self.running.remove(process)

    def those(self, *names):
        return [name for name in self.names if name in names]


def load(mode, server, cpus=LOAD_CPUS, **options):
    command = [LOAD, mode, "--address", f"127.0.0.1:{server.port}", "--server", str(server.process.pid)]
    for name, value in {"seconds": SECONDS, **options}.items():
        command += [f"--{name}", str(value)]
    return subprocess.Popen(on(cpus, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def result_of(loading, server):
    try:
        output, errors = loading.communicate()
    finally:
        loading.kill()
    if loading.returncode:
        raise Failed(f"{server.name}: {errors.strip()}\n{open(server.log).read()[-2000:]}")
    return json.loads(output)


def measure(mode, server, **options):
    result = result_of(load(mode, server, **options), server)
    if result["errors"] or not result["operations"]:
        raise Failed(f"{server.name}, {mode}: {result['errors']} errors, {result['operations']} operations: "
                     f"{result.get('firstError')}\n{open(server.log).read()[-2000:]}")
    return result


def turns(servers, mode, figure, rounds=ROUNDS, **options):
    """A figure of each server, in turns, after a warm-up: a list for each, in the servers' order."""
    for server in servers:
        measure(mode, server, **{**options, "seconds": SECONDS / 3})
    figures = [[] for _ in servers]
    for _ in range(rounds):
        for server, own in zip(servers, figures):
            own.append(figure(measure(mode, server, **options)))
    return figures


def microseconds(result):
    return result["cpuSeconds"] / result["operations"] * 1e6


def per_gibibyte(result):
    return result["cpuSeconds"] / (result["bytes"] / 2**30)


def ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours, theirs))


def best(figures, among):
    present = [name for name in among if name in figures]
    return min(present, key=lambda name: statistics.median(figures[name])) if present else None


def compare(table, what, limit, figures, unit, among=COMPARED, digits=1):
    """Ours by the better of those that are compared; figures are lists by name."""
    raw = ", ".join(f"{name} {statistics.median(values):.{digits}f}" for name, values in figures.items()) + f" {unit}"
    against = best(figures, among)
    if "ours" not in figures or not against:
        table.row(what, f"<= {limit}" if limit else "", "", None, raw)
        return
    measured = ratio(figures["ours"], figures[against])
    table.row(f"{what} / {against}", f"<= {limit}" if limit else "", f"{measured:.2f}",
              measured <= limit if limit else None, raw)


def by_name(servers, figures):
    return {server.name: own for server, own in zip(servers, figures)}


def handshake(bench):
    with bench.servers(*((name, "tcp", 1) for name in bench.names)) as servers:
        figures = turns(servers, "handshake", microseconds)
        compare(bench.table, "handshake, request, close: CPU", 0.5, by_name(servers, figures), "us")


def request(bench):
    with bench.servers(*((name, "tcp", 1) for name in bench.names)) as servers:
        figures = turns(servers, "request", microseconds)
        compare(bench.table, "request, kept alive: CPU", 0.9, by_name(servers, figures), "us")


def bulk(bench):
    with bench.servers(*((name, "tcp", 1) for name in bench.names)) as servers:
        figures = turns(servers, "bulk", per_gibibyte, connections=4)
        compare(bench.table, "bulk: CPU", 0.35, by_name(servers, figures), "s/GiB", digits=2)


def idle(bench):
    figures = {name: [] for name in bench.names}
    for _ in range(ROUNDS):
        for name in bench.names:
            # A new process each time: an allocator keeps what the connections before had.
            with bench.servers((name, "tcp", 1)) as (server,):
                result = measure("idle", server, count=IDLE)
                figures[name].append((result["rssAfter"] - result["rssBefore"]) / IDLE / 1024)
    compare(bench.table, "idle connection: RSS", 1.0, figures, "KiB", among=("nginx",))


def http1(bench):
    names = bench.those(*SPEAK_HTTP)
    wanted = [(name, "http", 1) for name in names]
    if "ours" in names:
        wanted.append(("ours", "tcp", 1))
    with bench.servers(*wanted) as servers:
        figures = turns(servers, "request", microseconds)
        named = by_name(servers[:len(names)], figures)
        compare(bench.table, "HTTP/1.1 request, kept alive: CPU", None, named, "us")
        if "ours" in names:
            measured = ratio(named["ours"], figures[-1])
            bench.table.row("HTTP/1.1 request: CPU / ours, TCP", "<= 1.5", f"{measured:.2f}", measured <= 1.5,
                            f"{statistics.median(named['ours']):.1f} / {statistics.median(figures[-1]):.1f} us")


def http2(bench):
    names = bench.those(*SPEAK_HTTP)
    with bench.servers(*((name, "http", 1) for name in names)) as servers:
        figures = turns(servers, "http2", microseconds, connections=4)
        compare(bench.table, "HTTP/2 request, 4 x 16 streams: CPU", None, by_name(servers, figures), "us")


def latency(bench):
    """The same rate for all: that which keeps the best peer's processor half busy. Requests that come one by one cost it
    more than those of a load that is never done, so this isn't half of what it can take at most. An operation's time
    begins when it is due."""
    names = bench.those(*SPEAK_HTTP)
    with bench.servers(*((name, "tcp", 1) for name in names)) as servers:
        peers = [server for server in servers if server.name != "ours"] or servers
        quarter = max(measure("request", server, connections=PACED)["perSecond"] for server in peers) / 4
        cheapest = min(microseconds(measure("request", server, connections=PACED, rate=quarter)) for server in peers)
        rate = int(0.5e6 / cheapest)
        results = turns(servers, "request", lambda result: result, rounds=4 * ROUNDS, rate=rate, connections=PACED)
        figures = {server.name: [result["p99Microseconds"] for result in own] for server, own in zip(servers, results)}
        medians = ", ".join(f"{statistics.median(result['p50Microseconds'] for result in own):.0f}" for own in results)
        kept = min(result["perSecond"] for own in results for result in own) / rate
        compare(bench.table, f"p99 at {rate} requests a second", 1.0, figures,
                f"us; p50 {medians} us; at least {kept:.0%} of the pace", digits=0)


def accepted(server):
    """Connections of each worker, by the admin socket."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(admin_socket(server.port))
        except OSError as error:
            raise Failed(f"{server.name}'s admin socket: {error}")
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    counts = {}
    for labels, count in re.findall(r"^countersign_router_connections_accepted_total\{([^}]*)\} (\S+)$", text, re.M):
        if worker := re.search(r'worker="(\d+)"', labels):
            counts[worker[1]] = counts.get(worker[1], 0) + float(count)
    return counts


def workers(bench):
    """One worker against two. Here all share all processors, since two workers need both of a small machine."""
    for name in bench.those(*SPEAK_HTTP):
        with bench.servers((name, "tcp", 1), (name, "tcp", 2), cpus=CPUS) as servers:
            before = accepted(servers[1]) if name == "ours" else {}
            for mode in ("handshake", "request"):
                one, two = turns(servers, mode, microseconds, cpus=CPUS, connections=32)
                measured = ratio(two, one)
                bench.table.row(f"{name}: {mode}, two workers: CPU / one", "<= 1.1" if name == "ours" else "",
                                f"{measured:.2f}", measured <= 1.1 if name == "ours" else None,
                                f"{statistics.median(two):.1f} / {statistics.median(one):.1f} us")
            if name == "ours":
                counts = {worker: count - before.get(worker, 0) for worker, count in accepted(servers[1]).items()}
                least = min(counts.values()) / sum(counts.values()) if len(counts) == 2 else 0
                bench.table.row("ours: connections of the worker that has fewer", ">= 40 %", f"{least:.0%}",
                                least >= 0.4, f"{sum(counts.values()):.0f} connections")


def held(bench):
    """Connections that are all there, and that all answer after a while. A backend is one file more for each by TCP."""
    for way, most in (("tcp", connection_limit()), ("http", file_limit() - 512)):
        for name in bench.those(*SPEAK_HTTP):
            # HAProxy reckons with two for each in any case.
            count = min(HELD, connection_limit() if name == "haproxy" else most)
            with bench.servers((name, way, 1)) as (server,):
                result = result_of(load("idle", server, count=count, hold=5, seconds=60), server)
            whole = not result["errors"] and result["operations"] == count
            why = f"fewer than {HELD:,}: this machine allows {file_limit():,} files; " if count < HELD else ""
            bench.table.row(f"{name}: {count:,} idle connections held, {way}", "all" if name == "ours" else "",
                            f"{result['operations']:,}", whole if name == "ours" else None,
                            f"{why}{(result['rssAfter'] - result['rssBefore']) / 2**20:.0f} MiB more, "
                            f"{result['errors']} errors {result.get('firstError', '')}")


def reload(bench):
    """Other certificates while connections come and requests are under way."""
    if "ours" not in bench.names:
        return
    with bench.servers(("ours", "tcp", 1)) as (server,):
        loads = [load(mode, server, seconds=SECONDS * 2) for mode in ("handshake", "request")]
        reloads = 0
        while any(loading.poll() is None for loading in loads):
            time.sleep(0.5)
            reloads += 1
            shutil.copy("server-a.crt" if reloads % 2 else "server-b.crt", "next.crt")
            os.replace("next.crt", "server.crt")
            server.process.send_signal(signal.SIGHUP)
        results = [result_of(loading, server) for loading in loads]
    errors = sum(result["errors"] for result in results)
    seen = results[0]["certificates"]
    bench.table.row(f"{reloads} reloads under full load: errors", "0", f"{errors}", errors == 0 and seen == 2,
                    f"{sum(result['operations'] for result in results):,} operations; clients saw {seen} certificates; "
                    f"{next((result['firstError'] for result in results if result['errors']), '')}")


MEASURES = {measure.__name__: measure for measure in
            (handshake, request, bulk, idle, http1, http2, latency, workers, held, reload)}


def prepare(folder):
    """An authority, a server and a client, P-256 all of them."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    for name in ("ca", "server", "client"):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    run("openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Bench CA", "-days", "30", "-out", "ca.crt",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for name, key, purpose in (("server-b", "server", "serverAuth"), ("server-a", "server", "serverAuth"),
                               ("client", "client", "clientAuth")):
        subject = "localhost" if key == "server" else key
        extensions = write("extensions", f"""\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {purpose}
subjectAltName = DNS:{subject}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
""")
        run("openssl", "req", "-new", "-key", f"{key}.key", "-subj", f"/CN={subject}", "-out", "request")
        run("openssl", "x509", "-req", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "30", "-extfile", extensions, "-out", f"{name}.crt")
    shutil.copy("server-b.crt", "server.crt")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--only", choices=MEASURES)
    parser.add_argument("--peers")
    options = parser.parse_args()
    names = options.peers.split(",") if options.peers else list(CONTESTANTS)
    if unknown := set(names) - set(CONTESTANTS):
        parser.error(f"no such contestant: {', '.join(unknown)}")
    if not os.path.exists(f"{TOOLS}/ghostunnel") and "ghostunnel" in names:
        # It comes from a module proxy, which not every machine reaches, and no target depends on it.
        if options.peers:
            sys.exit("ghostunnel could not be installed")
        print("NOT MEASURED: ghostunnel, which could not be installed", flush=True)
        names.remove("ghostunnel")
    return options, names


def main():
    global OUR_BINARY
    options, names = arguments()
    binaries = os.path.abspath(options.binaries)
    OUR_BINARY = f"{binaries}/countersign"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Each connection is two files of a proxy; more than this no server here needs, and some prepare for all.
    most = min(most, 65_536) if most != resource.RLIM_INFINITY else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["PATH"] += ":/usr/sbin"
    if not PINNED:
        print("One processor only: the load takes its time from the servers", flush=True)
    # So that an end from outside ends the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = os.path.join(os.path.dirname(binaries), "bench-router")
    alone = open(f"{folder}.lock", "w")
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run measures here, and both would be wrong")
    prepare(folder)
    bench = Bench(names)
    try:
        for name in [options.only] if options.only else MEASURES:
            try:
                MEASURES[name](bench)
            except Failed as failure:
                bench.table.row(name, "", "failed", False, str(failure).strip())
    finally:
        bench.stop()
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if bench.table.failed else 0)


main()

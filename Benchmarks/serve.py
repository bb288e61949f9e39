"""Measures the orchestrator of a release build against cfssl and against its targets: python3 serve.py FOLDER_OF_BINARIES

The server under load and h2load share the machine. What is compared runs in turns, and ratios are medians over the
pairs. Everything is on loopback; the files lie beside the build and not in /tmp, which may be memory.

Quick look: SERVE_SECONDS=2 SERVE_ROUNDS=1 SERVE_GROWTH=20000 python3 serve.py ...
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

SECONDS = int(os.environ.get("SERVE_SECONDS", 5))
ROUNDS = int(os.environ.get("SERVE_ROUNDS", 5))
GROWTH = int(os.environ.get("SERVE_GROWTH", 200_000))
CLIENTS = int(os.environ.get("SERVE_CLIENTS", 128))
ISSUED, REVOKED = 100_000, 20_000
TICKS = os.sysconf("SC_CLK_TCK")


class Table:
    def __init__(self):
        self.failed = False

    def row(self, what, target, measured, passed, raw=""):
        self.failed |= not passed
        print(f"{'ok  ' if passed else 'MISS'}  {what:<52} {target:<12} {measured:<12} {raw}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Server:
    """A child of ours, ended by its own handle."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def wait_until(self, ready):
        for _ in range(1200):
            if self.process.poll() is not None:
                sys.exit(f"{self.process.args[0]} ended with {self.process.returncode}: {open(self.log).read()[-2000:]}")
            if found := ready():
                return found
            time.sleep(0.05)
        sys.exit(f"{self.process.args[0]} did not get ready: {open(self.log).read()[-2000:]}")

    def cpu(self):
        """Seconds that the process has used, in user and system mode."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


class Orchestrator(Server):
    def __init__(self, countersign, home):
        self.home, self.countersign = home, countersign
        self.public = free_port()
        with open(f"{home}/orchestrator.yaml", "w") as file:
            file.write(f"""\
listen: 127.0.0.1:0
publicListen: 127.0.0.1:{self.public}
publicURL: http://127.0.0.1:{self.public}
admission: {{tokens: true}}
limits: {{perIdentity: unlimited, perAddress: unlimited}}
log: {{level: notice}}
""")
        super().__init__([countersign, "orchestrator", "run", "--home", home, "--config", f"{home}/orchestrator.yaml"],
                         f"{home}/log")
        self.port = self.wait_until(self.listening)

    def listening(self):
        for line in open(self.log):
            if '"listening"' in line:
                for port in re.findall(r"127\.0\.0\.1:(\d+)", line):
                    if int(port) != self.public:
                        return int(port)
        return None

    def invite(self):
        url = f"https://localhost:{self.port}"
        run(self.countersign, "--home", self.home, "invite", "node-1.example.org", "--for", "7d", "--uses", "1000000",
            "--url", url, "-o", f"{self.home}/join")
        fields = dict(urllib.parse.parse_qsl(open(f"{self.home}/join").read().strip().partition("#")[2]))
        credentials = base64.b64encode(f"{fields['id']}:{fields['secret']}".encode()).decode()
        self.enrol = Load(self, f"{url}/.well-known/est/simpleenroll", "node.b64",
                          ["content-type: application/pkcs10", f"authorization: Basic {credentials}"])

    def signing(self):
        """The number of the issuer that signs."""
        names = os.listdir(f"{self.home}/authority")
        return max(int(name[7:-4]) for name in names if name.startswith("issuer-") and name.endswith(".crt"))


class CFSSL(Server):
    def __init__(self):
        self.port = free_port()
        # Without TLS, which makes it faster by a few in a hundred: what is compared is what it can do at best.
        super().__init__(["cfssl", "serve", "-address", "127.0.0.1", "-port", str(self.port), "-ca", "ca.crt",
                          "-ca-key", "ca.key", "-config", "cfssl.json", "-loglevel", "5"], "cfssl.log")
        self.wait_until(self.listening)
        self.enrol = Load(self, f"http://127.0.0.1:{self.port}/api/v1/cfssl/sign", "node.json",
                          ["content-type: application/json"])

    def listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Load:
    """One kind of request, over connections that are kept alive."""

    def __init__(self, server, url, body=None, headers=()):
        self.server = server
        self.command = ["h2load", "--h1", "-t", "1", "-c", str(CLIENTS), "-m", "1"]
        for header in headers:
            self.command += ["-H", header]
        if body:
            self.command += ["-d", body]
        self.url = url

    def measure(self, extent):
        """Answers a second, and the server's microseconds of CPU for each."""
        before = self.server.cpu()
        output = run(*self.command, *extent, self.url)
        used = self.server.cpu() - before
        good = int(re.search(r"status codes: (\d+) 2xx", output).group(1))
        others = sum(map(int, re.search(r"2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output).groups()))
        if not good or others:
            sys.exit(f"{self.url}: {good} good answers and {others} others\n{output}")
        rate = float(re.search(r"finished in [^,]*, ([\d.]+) req/s", output).group(1))
        return rate, used / good * 1e6


def turns(*loads, extent=None):
    """Each load for some time, in turns, after a warm-up; a list of (rate, CPU) for each."""
    extent = extent or ["-D", str(SECONDS)]
    for load in loads:
        load.measure(extent)
    results = [[] for _ in loads]
    for _ in range(ROUNDS):
        for load, result in zip(loads, results):
            result.append(load.measure(extent))
    return results


def median(results, index=0):
    return statistics.median(result[index] for result in results)


def ratio(ours, theirs, index=0):
    return statistics.median(a[index] / b[index] for a, b in zip(ours, theirs))


def prepare(folder, countersign):
    """The same job for both: a P-256 authority and a node's request."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    for name in ("ca", "node"):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    run("openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Bench CA", "-days", "3650", "-out", "ca.crt")
    request = ["openssl", "req", "-new", "-key", "node.key", "-subj", "/CN=node-1.example.org",
               "-addext", "subjectAltName=DNS:node-1.example.org"]
    pem = run(*request)
    der = subprocess.run([*request, "-outform", "DER"], check=True, capture_output=True).stdout
    open("node.b64", "wb").write(base64.b64encode(der))
    json.dump({"certificate_request": pem}, open("node.json", "w"))
    usages = ["digital signature", "server auth", "client auth"]
    json.dump({"signing": {"default": {"expiry": "2160h", "usages": usages}}}, open("cfssl.json", "w"))
    for home in ("used", "small", "large"):
        run(countersign, "--home", home, "ca", "create", "--name", "Bench CA", "--no-passphrase")


def ocsp(orchestrator, name):
    """The status of a certificate that was just issued, by GET: the answer that is cached."""
    answer = subprocess.run(
        ["curl", "-sS", "--fail", "--insecure", "--data-binary", "@node.b64",
         *(part for header in orchestrator.enrol.command if ": " in header for part in ("-H", header)),
         orchestrator.enrol.url], check=True, capture_output=True).stdout
    open(f"{name}.p7", "wb").write(base64.b64decode(answer))
    run("openssl", "pkcs7", "-inform", "DER", "-in", f"{name}.p7", "-print_certs", "-out", f"{name}.crt")
    issuer = f"{orchestrator.home}/authority/issuer-{orchestrator.signing()}.crt"
    run("openssl", "ocsp", "-no_nonce", "-issuer", issuer, "-cert", f"{name}.crt", "-reqout", f"{name}.ocsp")
    path = urllib.parse.quote(base64.b64encode(open(f"{name}.ocsp", "rb").read()).decode(), safe="")
    return Load(orchestrator, f"http://127.0.0.1:{orchestrator.public}/ocsp/{path}")


def fill(countersign, bench):
    """A home with many certificates and revocations of the issuer that signs."""
    first = Orchestrator(countersign, "large")  # makes its intermediate
    number = first.signing()
    first.stop()
    run(bench, "populate", "large", str(ISSUED), str(REVOKED), str(number))


def measure(table, servers, countersign, bench):
    def start(server, *arguments):
        servers.append(server(*arguments))
        return servers[-1]

    used = start(Orchestrator, countersign, "used")
    used.invite()
    cfssl = start(CFSSL)
    ours, theirs = turns(used.enrol, cfssl.enrol)
    cfssl.stop()
    table.row("EST simpleenroll, recorded / cfssl sign, not", ">= 1.5", f"{ratio(ours, theirs):.2f}",
              ratio(ours, theirs) >= 1.5, f"{median(ours):.0f} / {median(theirs):.0f} certificates a second")
    table.row("EST simpleenroll, server CPU each", "<= 250 us", f"{median(ours, 1):.0f} us", median(ours, 1) <= 250,
              f"cfssl {median(theirs, 1):.0f} us")
    answers = turns(ocsp(used, "status"))[0]
    table.row("OCSP from cache, a second", ">= 10000", f"{median(answers):.0f}", median(answers) >= 10_000,
              f"{median(answers, 1):.0f} us of CPU each")

    used.enrol.measure(["-n", str(GROWTH // 10)])
    before = used.rss()
    used.enrol.measure(["-n", str(GROWTH)])
    grown = (used.rss() - before) / GROWTH
    table.row(f"RSS growth over {GROWTH:,} issues, each", "<= 10 bytes", f"{grown:.1f} bytes", grown <= 10,
              f"{before / 2**20:.0f} MiB before")
    used.stop()

    fill(countersign, bench)
    small, large = start(Orchestrator, countersign, "small"), start(Orchestrator, countersign, "large")
    small.invite()
    large.invite()
    what = f"with {ISSUED:,} certificates, {REVOKED:,} revoked"
    # So few that the small ledger stays small.
    few, many = turns(small.enrol, large.enrol, extent=["-n", "3000"])
    compare(table, f"simpleenroll {what}", few, many)
    compare(table, f"OCSP {what}", *turns(ocsp(small, "status"), ocsp(large, "status-large")))


def compare(table, what, few, many):
    rate, cpu = ratio(many, few), ratio(many, few, 1)
    table.row(f"{what}: rate", "0.9 to 1.1", f"{rate:.2f}", rate >= 0.9, f"{median(many):.0f} / {median(few):.0f} a second")
    table.row(f"{what}: CPU", "0.9 to 1.1", f"{cpu:.2f}", cpu <= 1.1, f"{median(many, 1):.0f} / {median(few, 1):.0f} us")


def main():
    binaries = os.path.abspath(sys.argv[1])
    countersign, bench = f"{binaries}/countersign", f"{binaries}/Bench"
    folder = os.path.join(os.path.dirname(binaries), "bench-serve")
    prepare(folder, countersign)
    table, servers = Table(), []
    try:
        measure(table, servers, countersign, bench)
    finally:
        for server in servers:
            server.stop()
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if table.failed else 0)


main()

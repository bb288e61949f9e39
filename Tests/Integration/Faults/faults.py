"""What the fault scripts share: an orchestrator of their own, clients, a probe, and the verdict.

A script makes one kind of trouble for one client and watches another. It ends with status 0 when every demand held.
With --measure the probe's 99th percentile is one of the demands (a quiet machine and a release build are needed for
that); without it only what is served, refused, recorded and recovered counts.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

MEASURED_SECONDS = 6.0
RECOVERY_SECONDS = 10.0


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("countersign", help="the program")
    parser.add_argument("--measure", action="store_true", help="also demand that other clients' p99 stays low")
    parser.add_argument("--rounds", type=int, help="how often the fault happens, where it is repeated")
    options = parser.parse_args()
    options.countersign = os.path.abspath(options.countersign)
    raise_file_limit()
    return options


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Verdict:
    """Collects what was demanded and what was found."""

    def __init__(self, fault):
        self.fault, self.failures, self.facts = fault, [], {}

    def demand(self, holds, what):
        if not holds:
            self.failures.append(what)

    def note(self, **facts):
        self.facts.update(facts)

    def end(self):
        print(json.dumps({"fault": self.fault, **self.facts, "failures": self.failures}))
        sys.exit(1 if self.failures else 0)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Orchestrator:
    """A home, a configuration and the running program."""

    CONFIGURATION = """\
listen: 127.0.0.1:{port}
publicListen: 127.0.0.1:{public}
names: [localhost]
publicURL: http://127.0.0.1:{public}
admission:
  tokens: true
  approval: {{names: ["*.waiting.example"], expiresAfter: 1h}}
  renewal: {{late: 30d}}
{extra}"""

    def __init__(self, countersign, home=None, extra="", environment=None):
        self.countersign = countersign
        self.folder = tempfile.mkdtemp(prefix="countersign-fault-")
        self.home = home or os.path.join(self.folder, "home")
        self.port, self.public = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.configuration = os.path.join(self.folder, "orchestrator.yaml")
        with open(self.configuration, "w") as file:
            file.write(self.CONFIGURATION.format(port=self.port, public=self.public, extra=extra))
        self.run("ca", "create", "--name", "Fault Root CA", "--no-passphrase")

    def run(self, *words, check=True):
        done = subprocess.run(
            [self.countersign, *words, "--home", self.home], capture_output=True, text=True, env=self.environment)
        if check and done.returncode != 0:
            raise SystemExit(f"countersign {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def start(self, patience=60):
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            [self.countersign, "orchestrator", "run", "--config", self.configuration, "--home", self.home],
            stdout=self.log, stderr=self.log, env=self.environment)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"the orchestrator ended with {self.process.returncode}:\n{self.tail()}")
            if self.is_ready():
                return self
            time.sleep(0.02)
        raise SystemExit(f"the orchestrator isn't ready:\n{self.tail()}")

    def is_ready(self):
        try:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=unverified())
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        status = self.process.returncode if self.process else None
        return status

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tail(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as file:
            return "".join(file.readlines()[-20:])

    def trust(self):
        path = os.path.join(self.folder, "root.pem")
        self.run("ca", "bundle", "-o", path)
        return path

    def invitation(self, uses=1_000_000, org=None, dns=()):
        """(ID, secret) of a new invitation."""
        words = ["invite", "--uses", str(uses), "--for", "12h", "--url", self.url]
        words += ["--org", org] if org else []
        for name in dns:
            words += ["--dns", name]
        fields = parse_qs(urlsplit(self.run(*words, "--quiet").strip()).fragment)
        return fields["id"][0], fields["secret"][0]

    def ledger(self, query):
        done = subprocess.run(
            ["sqlite3", "-readonly", "-cmd", ".timeout 10000", os.path.join(self.home, "ledger.db"), query],
            capture_output=True, text=True, check=True)
        return done.stdout.split()


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def verified(trust):
    return ssl.create_default_context(cafile=trust)


def request_for(name, key=None, organization=None):
    """A PKCS#10 request in DER."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Client:
    """An EST client over one kept-alive connection."""

    def __init__(self, orchestrator, trust, invitation=None, timeout=30):
        self.port, self.context, self.timeout = orchestrator.port, verified(trust), timeout
        self.public = orchestrator.public
        self.headers = {"Content-Type": "application/pkcs10"}
        if invitation:
            token = base64.b64encode(":".join(invitation).encode()).decode()
            self.headers["Authorization"] = "Basic " + token
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                "localhost", self.port, timeout=self.timeout, context=self.context)
        try:
            self.connection.request(method, path, body=body, headers=headers or {})
            answer = self.connection.getresponse()
            content = answer.read()
            if answer.will_close:
                self.close()
            return answer.status, content
        except BaseException:
            self.close()
            raise

    def enrol(self, der):
        """The certificate, or None where it was refused."""
        status, content = self.ask(
            "POST", "/.well-known/est/simpleenroll", base64.b64encode(der), self.headers)
        if status != 200:
            return None
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(content))[0]

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Probe:
    """Another client, in a process of its own: kept-alive requests, new handshakes, enrolments; each is timed."""

    def __init__(self, orchestrator, trust, invitation):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "probe", str(orchestrator.port), trust, *invitation],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def measure(self, seconds=MEASURED_SECONDS):
        """{"count", "failed", "p50", "p99"}, in milliseconds."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def probe_main(port, trust, identifier, secret):
    place = argparse.Namespace(port=int(port), public=0)
    client = Client(place, trust, (identifier, secret), timeout=15)
    body = request_for("probe.example")
    for line in sys.stdin:
        end = time.monotonic() + float(line)
        times, failed, turn = [], 0, 0
        while time.monotonic() < end:
            turn += 1
            if turn % 5 == 0:
                client.close()
            start = time.monotonic()
            try:
                if turn % 2:
                    status, _ = client.ask("GET", "/.well-known/est/cacerts")
                    good = status == 200
                else:
                    good = client.enrol(body) is not None
            except (OSError, http.client.HTTPException):
                good = False
            if good:
                times.append(time.monotonic() - start)
            else:
                failed += 1
            time.sleep(0.01)
        times.sort()
        pick = lambda share: round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 2) if times else None
        print(json.dumps({"count": len(times), "failed": failed, "p50": pick(0.5), "p99": pick(0.99)}), flush=True)


def watched(fault, orchestrator, options, trouble, setup=None):
    """Runs `trouble(stop)` in a thread while the probe looks, and demands that others are served during and after."""
    verdict = Verdict(fault)
    trust, invitation = orchestrator.trust(), orchestrator.invitation()
    probe = Probe(orchestrator, trust, invitation)
    probe.measure(1.0)
    idle = probe.measure(MEASURED_SECONDS if options.measure else 1.5)
    stop, errors = threading.Event(), []

    def run():
        try:
            trouble(stop, verdict)
        except Exception as error:  # a script's own failure is a failure of the test
            errors.append(repr(error))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.5)
    meanwhile = probe.measure(MEASURED_SECONDS if options.measure else 2.0)
    stop.set()
    thread.join()
    after = settle(probe, idle, options)
    probe.end()
    verdict.note(idle=idle, meanwhile=meanwhile, after=after)
    verdict.demand(not errors, f"the trouble itself failed: {errors}")
    verdict.demand(meanwhile["failed"] == 0, f"{meanwhile['failed']} requests of another client failed meanwhile")
    verdict.demand(meanwhile["count"] > 0, "nothing was served meanwhile")
    verdict.demand(after is not None, "it isn't back to normal within ten seconds")
    if options.measure:
        limit = 3 * idle["p99"]
        verdict.demand(meanwhile["p99"] <= limit, f"p99 {meanwhile['p99']} ms, more than {limit:.2f} ms")
    verdict.demand(orchestrator.process.poll() is None, "the orchestrator ended")
    return verdict


def settle(probe, idle, options):
    """What the probe finds once all is normal again, within the time for that; else None."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < deadline:
        found = probe.measure(2.0 if options.measure else 0.5)
        if found["failed"] == 0 and found["count"] and (not options.measure or found["p99"] <= 3 * idle["p99"]):
            return found
    return None


def serials_held_once(verdict, orchestrator, held):
    """Demands that each certificate that a client holds is in the record, and none twice."""
    recorded = set(orchestrator.ledger("SELECT lower(hex(fingerprint)) FROM certificates WHERE fingerprint IS NOT NULL"))
    missing = [c.serial_number for c in held if c.fingerprint(hashes.SHA256()).hex() not in recorded]
    verdict.demand(not missing, f"{len(missing)} certificates that clients hold are missing from the ledger")
    serials = [c.serial_number for c in held]
    verdict.demand(len(set(serials)) == len(serials), "a serial number was handed out twice")
    twice = orchestrator.ledger("SELECT serial FROM certificates GROUP BY issuer, serial HAVING count(*) > 1")
    verdict.demand(not twice, "a serial number is in the ledger twice")
    chain = orchestrator.run("events", "--verify", check=False)
    verdict.note(held=len(held), recorded=len(recorded), chain=chain.strip().splitlines()[-1:] or [""])


def fingerprint(path):
    with open(path, "rb") as file:
        return hashlib.sha256(x509.load_pem_x509_certificate(file.read()).public_bytes(
            serialization.Encoding.DER)).hexdigest()


if __name__ == "__main__" and sys.argv[1:2] == ["probe"]:
    probe_main(*sys.argv[2:])

"""What the fault scripts share: an orchestrator of their own, clients, and the verdict.

A script makes one kind of trouble and watches what another client notices (watch.py). It ends with status 0 when every
demand held. With --measure the other client's 99th percentile is one of the demands (a quiet machine and a release
build are needed for that); without it only what is served, refused, recorded and recovered counts.
"""

import argparse
import base64
import http.client
import json
import os
import random
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
import urllib.request
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID


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


def free_ports(count):
    """Ports that nothing uses, and none of those that the system gives to others by itself or that other tests take: the
    orchestrator comes back to its ports after each of its ends."""
    ports = set()
    while len(ports) < count:
        with socket.socket() as listener:
            try:
                listener.bind(("", random.randrange(28000, 32000)))
                ports.add(listener.getsockname()[1])
            except OSError:
                pass
    return ports


class Orchestrator:
    """A home, a configuration and the running program."""

    CONFIGURATION = """\
listen: 127.0.0.1:{port}
publicListen: 127.0.0.1:{public}
names: [localhost]
publicURL: http://127.0.0.1:{public}
limits: {{perIdentity: unlimited, perAddress: unlimited}}
admission:
  tokens: true
  approval: {{names: ["*.waiting.example"], expiresAfter: 1h}}
  renewal: {{late: 30d}}
{extra}"""

    def __init__(self, countersign, home=None, extra="", environment=None):
        self.countersign = countersign
        self.folder = tempfile.mkdtemp(prefix="countersign-fault-")
        self.home = home or os.path.join(self.folder, "home")
        self.port, self.public = free_ports(2)
        self.url = f"https://127.0.0.1:{self.port}"
        self.environment = {**os.environ, **(environment or {})}
        self.environment.pop("COUNTERSIGN_HOME", None)
        self.process = None
        self.configuration = os.path.join(self.folder, "orchestrator.yaml")
        with open(self.configuration, "w") as file:
            file.write(self.CONFIGURATION.format(port=self.port, public=self.public, extra=extra))
        self.run("ca", "create", "--name", "Fault Root CA", "--no-passphrase")

    def try_running(self, *words):
        return subprocess.run(
            [self.countersign, *words, "--home", self.home], capture_output=True, text=True, env=self.environment)

    def run(self, *words):
        done = self.try_running(*words)
        if done.returncode != 0:
            raise SystemExit(f"countersign {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def start(self, patience=180):
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
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=unverified())
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
                self.process.wait(timeout=120)
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
        if os.path.exists(path):
            return path
        self.run("ca", "bundle", "-o", path)
        return path

    def invitation(self, uses=1_000_000):
        """(ID, secret) of a new invitation, good for any name below .example."""
        words = ["invite", "--dns", ".example", "--uses", str(uses), "--for", "12h", "--url", self.url, "--quiet"]
        fields = parse_qs(urlsplit(self.run(*words).strip()).fragment)
        return fields["id"][0], fields["secret"][0]

    def judges(self, certificate):
        """What OCSP says of a certificate: good, revoked or unknown."""
        path, issuer = os.path.join(self.folder, "judged.pem"), os.path.join(self.folder, "issuer.pem")
        described = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        place = next(d.access_location.value for d in described if d.access_method == AuthorityInformationAccessOID.CA_ISSUERS)
        with urllib.request.urlopen(place, timeout=60) as answer, open(issuer, "wb") as file:
            file.write(x509.load_der_x509_certificate(answer.read()).public_bytes(serialization.Encoding.PEM))
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", issuer, "-cert", path, "-CAfile", self.trust(), "-url",
             f"http://127.0.0.1:{self.public}/ocsp"], capture_output=True, text=True)
        said = [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith(path)]
        return said[0] if said and "Response verify OK" in done.stderr else done.stdout + done.stderr

    def ledger(self, query):
        done = subprocess.run(
            ["sqlite3", "-readonly", "-cmd", ".timeout 60000", os.path.join(self.home, "ledger.db"), query],
            capture_output=True, text=True, check=True)
        return done.stdout.split()


def unverified(*protocols):
    """A TLS context of a client who doesn't care whom it talks to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def verified(trust):
    return ssl.create_default_context(cafile=trust)


def request_for(name):
    """A PKCS#10 request in DER."""
    built = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return built.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(
        serialization.Encoding.DER)


def list_of(certificate):
    """The path of the revocation list that a certificate names."""
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return urlsplit(points[0].full_name[0].value).path


class Client:
    """An EST client over one kept-alive connection."""

    def __init__(self, orchestrator, trust, invitation=None, timeout=120):
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
        status, content = self.attempt(der)
        return self.certificate(content) if status == 200 else None

    def attempt(self, der):
        return self.ask("POST", "/.well-known/est/simpleenroll", base64.b64encode(der), self.headers)

    @staticmethod
    def certificate(content):
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(content))[0]

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def serials_held_once(verdict, orchestrator, held):
    """Demands that each certificate that a client holds is in the record, and none twice."""
    recorded = set(orchestrator.ledger("SELECT lower(hex(fingerprint)) FROM certificates WHERE fingerprint IS NOT NULL"))
    missing = [c.serial_number for c in held if c.fingerprint(hashes.SHA256()).hex() not in recorded]
    verdict.demand(not missing, f"{len(missing)} certificates that clients hold are missing from the ledger")
    serials = [c.serial_number for c in held]
    verdict.demand(len(set(serials)) == len(serials), "a serial number was handed out twice")
    fingerprints = {c.fingerprint(hashes.SHA256()) for c in held}
    verdict.demand(len(fingerprints) == len(held), "a certificate was handed out twice")
    twice = orchestrator.ledger("SELECT serial FROM certificates GROUP BY issuer, serial HAVING count(*) > 1")
    verdict.demand(not twice, "a serial number is in the ledger twice")
    chain = orchestrator.try_running("events", "--verify")
    verdict.demand(chain.returncode == 0, f"events --verify: {chain.returncode}: {chain.stdout}{chain.stderr}")
    verdict.note(held=len(held), recorded=len(recorded), chain=(chain.stdout.splitlines() or [""])[0])


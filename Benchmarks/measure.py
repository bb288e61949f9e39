"""Measures a release build against its targets and prints a table: python3 measure.py FOLDER_OF_BINARIES

Two commands that are compared run in turns, and the ratio is the median over the pairs: what else the machine does,
or a processor that changes its clock, meets both. Files lie beside the build and not in /tmp, which may be memory.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

DEVNULL = os.open(os.devnull, os.O_RDWR)
ISSUED = 100_000


class Table:
    def __init__(self):
        self.failed = False

    def row(self, what, target, measured, passed, raw=""):
        self.failed |= not passed
        print(f"{'ok  ' if passed else 'MISS'}  {what:<44} {target:<12} {measured:<12} {raw}", flush=True)


def run(command, environment=None):
    """Runs a command to its end; returns wall milliseconds and its peak memory in MiB."""
    actions = [(os.POSIX_SPAWN_DUP2, DEVNULL, fd) for fd in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, environment or os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    elapsed = (time.perf_counter() - start) * 1e3
    code = os.waitstatus_to_exitcode(status)
    # `status` answers 1 when something is about to expire.
    if code != 0 and not (code == 1 and "status" in command):
        sys.exit(f"exit code {code}: {' '.join(command)}")
    return elapsed, usage.ru_maxrss / 1024


def pairs(first, second, count):
    """Wall times of two commands, run in turns, after a warm-up of both."""
    for _ in range(3):
        run(first), run(second)
    return [(run(first)[0], run(second)[0]) for _ in range(count)]


def figures(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split() for line in output.splitlines())}


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def prepare(folder, countersign):
    """The same job for both: a P-256 authority and a node's request."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    for name in ("ca", "node"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Bench CA", "-days", "3650", "-out", "ca.crt")
    openssl("req", "-new", "-key", "node.key", "-subj", "/CN=node-1.example.org",
            "-addext", "subjectAltName=DNS:node-1.example.org", "-out", "node.csr")
    with open("passphrase", "w") as file:
        file.write("correct horse battery staple\n")
    run([countersign, "--home", "plain", "ca", "create", "--name", "Bench CA", "--no-passphrase"])
    run([countersign, "--home", "sealed", "ca", "create", "--name", "Bench CA", "--passphrase-file", "passphrase"])
    run([countersign, "--home", "large", "ca", "create", "--name", "Bench CA", "--no-passphrase"])


AGENTS = 1000
FLEET = """\
authority: {{name: Bench Fleet CA}}
systems:
  - kind: connectware
    connectware: {{namespace: cybus, release: connectware, mode: helm}}
    agents:
      chart: connectware-agent
      release: connectware-agent
      namespace: cybus
      connectwareHost: connectware.cybus
      names: [{names}]
"""

# What the by-hand procedure runs for each agent: key, request, signature.
BY_HAND = """\
openssl ecparam -name prime256v1 -genkey -noout -out hand.key
openssl req -new -key hand.key -subj /CN=agent -out hand.csr
openssl x509 -req -in hand.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -out hand.crt
"""


def fleet(table, countersign):
    """One fleet file with a thousand agents: the first apply, and one that has nothing to do."""
    with open("fleet.yaml", "w") as file:
        file.write(FLEET.format(names=", ".join(f"agent-{n}" for n in range(AGENTS))))
    run([countersign, "--home", "fleet", "ca", "create", "--name", "Bench Fleet CA", "--no-passphrase"])
    first, again, by_hand = [], [], []
    apply = [countersign, "--home", "fleet", "apply", "fleet.yaml", "--quiet"]
    for _ in range(3):
        shutil.rmtree("out", ignore_errors=True)
        first.append(run(apply)[0])
        again.append(run(apply)[0])
        by_hand.append(run(["bash", "-ec", f"for i in {{1..20}}; do {BY_HAND} done"])[0] / 20 * AGENTS)
    wall, idle = statistics.median(first), statistics.median(again)
    ratio = statistics.median(ours / theirs for ours, theirs in zip(first, by_hand))
    table.row(f"apply of {AGENTS:,} agents, wall", "< 10 s", f"{wall / 1e3:.2f} s", wall < 10_000,
              f"{ratio:.2f} times openssl's key, request, signature for each")
    table.row(f"apply of {AGENTS:,} agents, nothing to do", "", f"{idle / 1e3:.2f} s", True)


def main():
    binaries = os.path.abspath(sys.argv[1])
    countersign, bench = f"{binaries}/countersign", f"{binaries}/Bench"
    prepare(os.path.join(os.path.dirname(binaries), "bench"), countersign)
    table = Table()

    cpu = figures([bench, "issue"])
    table.row("issue P-256, CPU / (2 verify + 1 sign)", "<= 1.4", f"{cpu['issue_ratio']:.2f}", cpu["issue_ratio"] <= 1.4,
              f"{cpu['issue_microseconds']:.0f} us / {cpu['raw_microseconds']:.0f} us; "
              f"{cpu['issue_ratio_from_bytes']:.2f} where keys and signatures come as bytes")

    ledger = figures([bench, "ledger", ".", "20000"])
    table.row("issue with ledger, certificates a second", ">= 2000", f"{ledger['ledger_per_second']:.0f}",
              ledger["ledger_per_second"] >= 2000, f"{ledger['ledger_cpu_microseconds']:.0f} us of CPU each")

    reference = ["openssl", "x509", "-req", "-in", "node.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                 "-days", "90", "-copy_extensions", "copy", "-out", "openssl.crt"]
    sign = [countersign, "--home", "plain", "sign", "node.csr", "-o", "countersign.crt"]
    times = pairs(reference, sign, 101)
    ratio = statistics.median(ours / theirs for theirs, ours in times)
    theirs = statistics.median(theirs for theirs, _ in times)
    ours = statistics.median(ours for _, ours in times)
    table.row("sign, wall / openssl x509 -req", "<= 1.5", f"{ratio:.2f}", ratio <= 1.5, f"{ours:.1f} ms / {theirs:.1f} ms")

    pbkdf2 = figures([bench, "pbkdf2"])["pbkdf2_milliseconds"]
    sealed = [countersign, "--home", "sealed", "sign", "node.csr", "-o", "sealed.crt", "--passphrase-file", "passphrase"]
    times = pairs(reference, sealed, 31)
    ratio = statistics.median((ours - pbkdf2) / theirs for theirs, ours in times)
    ours = statistics.median(ours for _, ours in times)
    table.row("sign with passphrase, less one PBKDF2", "<= 1.5", f"{ratio:.2f}", ratio <= 1.5,
              f"{ours:.1f} ms, of which PBKDF2 {pbkdf2:.1f} ms")

    shown = statistics.median(run([countersign, "--help"])[0] for _ in range(51))
    table.row("--help", "< 30 ms", f"{shown:.1f} ms", shown < 30)

    subprocess.run([bench, "populate", "large", str(ISSUED)], check=True)
    answers = [run([countersign, "--home", "large", "status"]) for _ in range(7)]
    wall = statistics.median(wall for wall, _ in answers)
    peak = max(peak for _, peak in answers)
    table.row(f"status of {ISSUED:,} certificates, wall", "< 1 s", f"{wall / 1e3:.2f} s", wall < 1000)
    table.row(f"status of {ISSUED:,} certificates, memory", "< 200 MiB", f"{peak:.0f} MiB", peak < 200)
    fleet(table, countersign)
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    sys.exit(1 if table.failed else 0)


main()

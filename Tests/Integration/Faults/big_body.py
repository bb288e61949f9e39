"""A body of 1 GiB on every endpoint that takes one: it is refused early and costs others nothing."""

import select
import socket
import subprocess
import threading
import time

import faults
import watch

PATHS = ["/.well-known/est/simpleenroll", "/.well-known/est/simplereenroll", "/ocsp", "/v1/invitations"]
SIZE = 1 << 30
MOST_MIB = 300

options = faults.arguments(__doc__)
orchestrator = faults.Orchestrator(options.countersign).start()
answers = []


def connect(secure):
    plain = socket.create_connection(("127.0.0.1", orchestrator.port if secure else orchestrator.public), timeout=120)
    return faults.unverified().wrap_socket(plain) if secure else plain


def send(path, secure, chunked, is_over, verdict):
    with connect(secure) as channel:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"
        kind = "ocsp-request" if path == "/ocsp" else "pkcs10"
        channel.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{kind}\r\n{length}\r\n\r\n".encode())
        block, sent, answer = b"x" * 65536, 0, b""
        if chunked:
            block = b"10000\r\n" + block + b"\r\n"
        try:
            # Goes on after the answer, as those do who mean harm.
            while sent < SIZE and not is_over():
                channel.sendall(block)
                sent += len(block)
                if not answer and select.select([channel], [], [], 0)[0]:
                    answer = channel.recv(4096)
        except OSError:
            pass
        verdict.demand(sent < SIZE, f"{path} took the whole body")
        if answer:
            answers.append(answer.split(b"\r\n")[0].decode())


def trouble(stop, verdict):
    deadline = time.monotonic() + 180

    def is_over():
        # Where the service and the probe leave no time, the first answer comes after the measurement.
        return stop.is_set() and (bool(answers) or time.monotonic() > deadline)

    while not is_over():
        threads = [
            threading.Thread(target=send, args=(path, secure, chunked, is_over, verdict))
            for path in PATHS for chunked in (False, True) for secure in (True, False) if secure or path == "/ocsp"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def curl(version):
    """The status that an ordinary client sees."""
    with open("/dev/zero", "rb") as zeros:
        head = subprocess.Popen(["head", "-c", str(SIZE)], stdin=zeros, stdout=subprocess.PIPE)
        done = subprocess.run(
            ["curl", "--silent", "--insecure", version, "--request", "POST", "--upload-file", "-", "--max-time", "300",
             "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Content-Type: application/pkcs10",
             orchestrator.url + PATHS[0]], stdin=head.stdout, capture_output=True, text=True)
        head.stdout.close()
        head.wait()
    return done.stdout


verdict = watch.while_in_trouble("a body of 1 GiB", orchestrator, options, trouble)
verdict.demand(answers and all("413" in answer for answer in answers), f"the answers were {sorted(set(answers))}")
for version in ("--http1.1", "--http2"):
    status = curl(version)
    verdict.demand(status == "413", f"curl {version} sees {status}")
with open(f"/proc/{orchestrator.process.pid}/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
verdict.note(bodies=len(answers), peak_mib=peak)
verdict.demand(peak < MOST_MIB, f"{peak} MiB of memory were taken")
orchestrator.remove()
verdict.end()

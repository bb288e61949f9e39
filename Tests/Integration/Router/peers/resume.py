"""TLS sessions in files. `openssl s_client` resumes them without a certificate, which Python can't."""

import re
import subprocess
import threading

from exchange import PATIENCE, say


def session(options):
    """With an identity, a session is saved; without one, the saved one is resumed."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{options.port}", "-CAfile", options.ca]
    if options.identity:
        certificate = f"pki/{options.identity}"
        command += ["-cert", f"{certificate}.crt", "-key", f"{certificate}.key", "-sess_out", options.session]
    else:
        command += ["-sess_in", options.session]
    if options.tls:
        command.append("-tls" + options.tls.replace(".", "_"))
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    limit = threading.Timer(PATIENCE, client.kill)
    limit.start()
    # The echo comes after the ticket. Until it is there, the end of the input would end the client.
    said = b""
    try:
        client.stdin.write(options.text.encode())
        client.stdin.flush()
        while options.text.encode() not in said and (part := client.stdout.read1()):
            said += part
        client.stdin.close()
    except BrokenPipeError:
        pass
    said += client.stdout.read()
    client.wait()
    limit.cancel()
    alert = re.search(rb"alert ([a-z ]+):", said)
    say(outcome="answered" if options.text.encode() in said else "alert" if alert else "ended",
        detail=alert.group(1).decode() if alert else "", resumed=b"Reused, " in said)

"""Runs a command on a pseudo-terminal and types one line at each prompt: terminal.py LINE... -- COMMAND..."""

import os
import pty
import select
import sys

split = sys.argv.index("--")
lines, command = sys.argv[1:split], sys.argv[split + 1 :]

child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)

shown = b""
while True:
    if not select.select([terminal], [], [], 300)[0]:
        sys.exit("the command waits for more lines")
    try:
        chunk = os.read(terminal, 4096)
    except OSError:  # the terminal's other end was closed
        chunk = b""
    if not chunk:
        break
    shown += chunk
    if chunk.endswith(b": ") and lines:
        os.write(terminal, lines.pop(0).encode() + b"\n")

sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

# What scripted cases and server tests call beside countersign.

# Says a file's mode and name.
mode() { stat -c '%a %n' "$@"; }

# The serial of a certificate, as countersign takes it.
serial() { openssl x509 -in "$1" -noout -serial | sed 's/^serial=//' | tr A-F a-f; }

# The files below a folder with their hashes and modes: two equal lists mean that nothing changed. SQLite's
# write-ahead files come and go with every reader.
listing() {
  (cd "$1" 2>/dev/null && find . -type f ! -name '*-wal' ! -name '*-shm' -exec stat -c '%a %n' {} + -exec sha256sum {} + | sort)
}

# Runs a command as a user without any rights.
unprivileged() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}

# Runs a shell command in mount points of its own, where the calling user may mount.
mounting() {
  if [ "$(id -u)" = 0 ]; then unshare --mount bash -c "$1"; else unshare --map-root-user --mount bash -c "$1"; fi
}

# Runs a command on a terminal; what it reads there are the given lines, one for each prompt.
# usage: terminal LINE... -- COMMAND
terminal() { python3 "$(dirname "${BASH_SOURCE[0]}")/terminal.py" "$@"; }

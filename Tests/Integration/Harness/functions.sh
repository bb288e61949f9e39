# What scripted cases and server tests call beside countersign.

FUNCTIONS=${BASH_SOURCE[0]}

# Says a file's mode and name.
mode() { stat -c '%a %n' "$@"; }

# The serial of a certificate, as countersign takes it.
serial() { openssl x509 -in "$1" -noout -serial | sed 's/^serial=//' | tr A-F a-f; }

# The files below a folder with their modes and hashes: two equal lists mean that nothing changed. A ledger counts by
# what it holds: SQLite's files change with every reader.
listing() {
  (
    cd "$1" 2>/dev/null || exit
    find . -type f ! -name '*-wal' ! -name '*-shm' -exec stat -c '%a %n' {} + | sort
    find . -type f ! -name 'ledger.db*' -exec sha256sum {} + | sort
    if [ -e ledger.db ]; then sqlite3 ledger.db .dump | sha256sum; fi
  )
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
terminal() { python3 "$(dirname "$FUNCTIONS")/terminal.py" "$@"; }

# Says a port that nothing uses, and none of those that the system gives to others by itself or that other tests take.
free_port() {
  python3 - <<'END'
import random, socket
while True:
    with socket.socket() as listener:
        try:
            listener.bind(("", random.randrange(24000, 28000)))
        except OSError:
            continue
        print(listener.getsockname()[1])
        break
END
}

# Starts `openssl s_server` with more flags; its port is in $port.
serve() {
  port=$(free_port)
  # It ends with its standard input.
  mkfifo "hold.$port" && exec 9<>"hold.$port"
  openssl s_server -accept "127.0.0.1:$port" -quiet "$@" <&9 >"server.$port.log" 2>&1 &
  for _ in $(seq 3600); do
    if grep -q "$(printf '0100007F:%04X 00000000:0000 0A' "$port")" /proc/net/tcp; then return; fi
    kill -0 $! 2>/dev/null || break
    sleep 0.05
  done
  cat "server.$port.log" >&2
  return 1
}

# Writes a fleet file for one orchestrator of Bacalhau and one compute node, and their files. Lines of standard input go
# to the top of the fleet file.
bacalhau() {
  cat - >fleet.yaml
  cat >>fleet.yaml <<'END'
systems:
  - kind: bacalhau
    orchestrator: {config: orchestrator.yaml, hosts: [10.0.5.16], installDir: /etc/bacalhau, tokenFile: token}
    computes: [{name: compute-1, config: compute-1.yaml, installDir: /etc/bacalhau}]
END
  cat >orchestrator.yaml <<'END'
# our orchestrator
NameProvider: "uuid"   # keep this
Orchestrator:
  Enabled: true
END
  cat >compute-1.yaml <<'END'
Compute:
  Enabled: true
  Orchestrators:
    - nats://my-bacalhau-orchestrator-node:4222
END
}

# Writes a fleet file with agents of Connectware, by their names.
agents() {
  cat >fleet.yaml <<END
authority: {name: Example CA}
systems:
  - kind: connectware
    connectware: {namespace: cybus, release: connectware}
    agents: {release: connectware-agent, namespace: cybus, connectwareHost: connectware.cybus, names: [$1]}
END
}

# Starts a stub of a cluster's API server, with the namespace cybus; `kubeconfig` is its kubeconfig.
cluster() {
  countersign --home cluster ca create --name "Cluster CA" --no-passphrase --quiet
  countersign --home cluster issue localhost --ip 127.0.0.1 -o cluster/server --quiet
  echo '{"namespaces": ["cybus"]}' >cluster/state.json
  echo '[]' >cluster/faults.json
  mkfifo cluster/ready
  python3 -B "$(dirname "$FUNCTIONS")/../../../Sources/PKITestKit/KubernetesAPI/server/stub_api_server.py" \
    --cert cluster/server/localhost.crt --key cluster/server/localhost.key --client-ca cluster/server/ca.crt --port 0 \
    --token stub-token --state cluster/state.json --faults cluster/faults.json --log cluster/log >cluster/ready 2>&1 &
  read -r _ _ port <cluster/ready
  cat >kubeconfig <<END
apiVersion: v1
kind: Config
current-context: stub
clusters: [{name: stub, cluster: {server: "https://localhost:$port", certificate-authority: cluster/server/ca.crt}}]
users: [{name: stub, user: {token: stub-token}}]
contexts: [{name: stub, context: {cluster: stub, user: stub, namespace: cybus}}]
END
}

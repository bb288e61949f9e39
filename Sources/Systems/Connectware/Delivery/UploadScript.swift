/// Puts certificates and keys where Connectware reads them, with modes that keep keys to their owner.
struct UploadScript {
  struct File {
    var name: String
    var mode: String
  }

  static let name = "upload-certificates.sh"

  private let installation: ConnectwareInstallation
  private let files: [File]

  init(_ installation: ConnectwareInstallation, files: [File]) {
    self.installation = installation
    self.files = files
  }

  var text: String {
    let folder = ConnectwareCommands.certificates
    var lines = [
      "#!/bin/sh",
      installation.mode == .helm
        ? "# Replaces files of Connectware's auth-server by those beside this script."
        : "# Replaces files of Connectware's auth-server by those beside this script. Run it where docker-compose.yml is.",
      "set -eu",
      "folder=$(dirname \"$0\")",
    ]
    let server = ConnectwareCommands.server
    switch installation.mode {
    case .helm:
      lines += [
        "namespace=\(ConnectwareCommands.word(installation.namespace ?? ""))",
        "pod=$(kubectl -n \"$namespace\" get pod -l app.kubernetes.io/name=\(server) \\",
        "  -o jsonpath='{.items[0].metadata.name}')",
        "copy() { kubectl -n \"$namespace\" cp -c \(server) \"$folder/$1\" \"$pod:\(folder)/$1\"; }",
        "run() { kubectl -n \"$namespace\" exec \"$pod\" -c \(server) -- \"$@\"; }",
      ]
    case .docker:
      lines += [
        "copy() { docker compose cp \"$folder/$1\" \"\(server):\(folder)/$1\"; }",
        "run() { docker compose exec -T \(server) \"$@\"; }",
      ]
    }
    lines += [
      "", "# usage: install FILE MODE", "install() {", "  copy \"$1\"", "  run chown root:root \"\(folder)/$1\"",
      "  run chmod \"$2\" \"\(folder)/$1\"", "}", "",
    ]
    lines += files.map { "install \($0.name) \($0.mode)" }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Creates the agents' users through Connectware's API. The administrator's token stays out of every command line.
enum UsersScript {
  static let name = "create-users.sh"

  static let text = #"""
    #!/bin/sh
    # usage: create-users.sh URL TOKEN-FILE
    # Creates the users in users.jsonl. CURL_CA_BUNDLE may name what the URL's certificate is by, if not by Connectware.
    set -eu
    [ $# -eq 2 ] || { echo "usage: $0 URL TOKEN-FILE" >&2; exit 2; }
    url=${1%/}
    token=$(cat "$2")
    folder=$(dirname "$0")
    export CURL_CA_BUNDLE="${CURL_CA_BUNDLE:-$folder/cybus_ca.crt}"

    failed=0
    while IFS= read -r user; do
      status=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl --silent --show-error --output /dev/null --write-out '%{http_code}' --config - \
          --header 'Content-Type: application/json' --data "$user" "$url/api/users") || true
      case $status in
      2??) echo "created $user" ;;
      409) echo "exists already: $user" ;;
      *) echo "refused ($status): $user" >&2; failed=1 ;;
      esac
    done <"$folder/users.jsonl"
    exit $failed

    """#
}

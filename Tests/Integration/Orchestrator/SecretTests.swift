import Foundation
import PKITestKit
import Testing

@Suite("what an orchestrator says of secrets")
struct SecretTests {
  /// Everything that is said where anybody may look later: the log at its most talkative, events, metrics, answers, the
  /// command line's output.
  @Test("no log, event, metric or refusal holds a token, a password or a key", .timeLimit(.minutes(20)))
  func nothing() async throws {
    let orchestrator = try RunningOrchestrator(
      settings: """
        admission:
          tokens: true
          passwords: {file: passwords}
          approval: {names: ["waiting-*"]}
          renewal: {late: 30d}
        log: {level: trace}
        """,
      prepare:
        "echo swordfish-of-bender | countersign orchestrator password bender >passwords; chmod 600 passwords")
    try await onItsOwnThread {
      try orchestrator.workspace.bash(Self.traffic(at: orchestrator.url, process: orchestrator.process.pid))
    }
    orchestrator.stop()
    try Data(orchestrator.log.utf8).write(to: orchestrator.workspace.directory.file("said/log"))
    Self.expectLevels(orchestrator.log)
    let leaks = try orchestrator.workspace.bash(Self.search).text
    #expect(leaks == "looked for 16 secrets\n", "\(leaks)")
  }

  /// The log says enough that something could be in it.
  private static func expectLevels(_ log: String) {
    for word in ["\"level\":\"debug\"", "request refused", "handshake failed", "configuration reloaded"] {
      #expect(log.contains(word), "the log has no \(word)")
    }
  }

  /// Every way in, each once as it should be and once wrong; each secret goes into a file of its own below `secrets`.
  private static func traffic(at url: String, process: Int32) -> String {
    """
    mkdir secrets said
    secret() { sed -n 's/.*secret=//p' $1 | tr -d '\\n' >secrets/$2; }
    key() { openssl pkey -in $1 -outform DER | openssl base64 -A | cut -c49-110 | tr -d '\\n' >secrets/$2; }
    make() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$2 -out $1.csr 2>/dev/null
      key $1.key key-of-$1; }
    est() { curl -sS --max-time 60 --cacert ca.crt -H 'Content-Type: application/pkcs10' -D said/$1.head -o said/$1 "${@:3}" \\
      '\(url)/.well-known/est/'$2; }
    leaf() { openssl base64 -d -A -in said/$1 | openssl pkcs7 -inform DER -print_certs | openssl x509 >$1.crt; }
    api() { curl -sS --max-time 60 --cacert ca.crt -H @header -D said/api.head -o said/api "$@"; cat said/api said/api.head >>said/all; }

    countersign orchestrator access ada --role administrator --url '\(url)' -o ada.access >said/access
    secret ada.access access
    sed 's/.*id=\\(.*\\)&secret=\\(.*\\)/Authorization: Bearer \\1.\\2/' ada.access >header
    sed 's/.*Bearer //' header | tr -d '\\n' >secrets/bearer
    countersign invite node-1 --url '\(url)' -o node-1.join >said/invite
    secret node-1.join token
    basic="$(sed 's/.*id=\\(.*\\)&secret=\\(.*\\)/\\1:\\2/' node-1.join)"
    printf %s "$basic" | openssl base64 -A >secrets/basic
    printf swordfish-of-bender >secrets/password
    printf a-wrong-guess-of-it >secrets/guess
    printf %s "$basic-x" | openssl base64 -A >secrets/wrong-basic

    make node-1 node-1; make again node-1; make bender bender; make waiting waiting-1; make thief node-9
    est wrong-token simpleenroll --data-binary @node-1.csr -u "$basic-x"
    est wrong-names simpleenroll --data-binary @thief.csr -u "$basic"
    est node-1 simpleenroll --data-binary @node-1.csr -u "$basic"
    est spent simpleenroll --data-binary @node-1.csr -u "$basic"
    est guess simpleenroll --data-binary @bender.csr -u bender:a-wrong-guess-of-it
    est bender simpleenroll --data-binary @bender.csr -u bender:swordfish-of-bender
    est waiting simpleenroll --data-binary @waiting.csr
    countersign nodes approve waiting-1 --code "$(countersign nodes list --output json | jq -r '.waiting[0].pairingCode')" >said/approve
    est approved simpleenroll --data-binary @waiting.csr
    est broken simpleenroll --data-binary @node-1.key
    leaf node-1
    est renewed simplereenroll --data-binary @again.csr --cert node-1.crt --key node-1.key
    est other-names simplereenroll --data-binary @thief.csr --cert node-1.crt --key node-1.key || true

    api '\(url)/v1/status'
    jq -n '{name: "node-2"}' | api '\(url)/v1/invitations' -H 'Content-Type: application/json' --data-binary @-
    jq -r .joinString said/api >api.join; secret api.join api-token; rm said/api said/all
    jq -n '{name: "bo", role: "reader"}' | api '\(url)/v1/access-tokens' -H 'Content-Type: application/json' --data-binary @-
    jq -r .accessString said/api >bo.access; secret bo.access api-access; rm said/api said/all
    jq -n --rawfile request thief.csr '{request: $request}' | api '\(url)/v1/certificates' -H 'Content-Type: application/json' --data-binary @-
    jq -n --rawfile request node-1.key '{request: $request}' | api '\(url)/v1/certificates' -H 'Content-Type: application/json' --data-binary @-
    jq -n --rawfile access ada.access '{access: $access}' | api '\(url)/v1/invitations' -H 'Content-Type: application/json' --data-binary @-
    curl -sS --cacert ca.crt -H "Authorization: Bearer $(cat secrets/bearer)x" -o said/wrong-access '\(url)/v1/status'
    curl -sS --cacert ca.crt -u "$(cat secrets/bearer)" -o said/basic-access '\(url)/v1/status'
    for what in invitations access-tokens nodes requests certificates authority; do api '\(url)'/v1/$what; done
    export COUNTERSIGN_ACCESS_FILE=ada.access
    countersign --orchestrator '\(url)' nodes list --verbose >said/list 2>&1
    countersign --orchestrator '\(url)' nodes revoke node-1 --reason keyCompromise >said/revoke 2>&1
    # Refused as a node first, and at the handshake once the service knows.
    until grep -q 'handshake failed' orchestrator-*.log; do
      est revoked simplereenroll --data-binary @again.csr --cert node-1.crt --key node-1.key 2>>said/curl || true
    done
    echo 'nonsense: true' >>orchestrator.yaml
    \(reload(process))
    sed -i '/nonsense/d' orchestrator.yaml
    \(reload(process))
    curl -sS --cacert ca.crt '\(url)/metrics' -o said/metrics
    curl -sS --cacert ca.crt '\(url)/readyz' -o said/readyz
    countersign events --output json >said/events
    for key in home/authority/issuer-1.key home/service/current/tls.key; do key $key $(echo $key | tr / -); done
    """
  }

  /// SIGHUP, and waits until it is in the log.
  private static func reload(_ process: Int32) -> String {
    """
    lines=$(cat orchestrator-*.log | wc -l)
    kill -HUP \(process)
    until tail -n +$((lines + 1)) orchestrator-*.log | grep -q '"configuration re'; do sleep 0.05; done
    """
  }

  /// A name for each secret that was said somewhere, and how many were looked for.
  private static let search = """
    count=0
    for secret in secrets/*; do
      [ -s $secret ] || echo "$secret is empty"
      if grep -rlF -- "$(cat $secret)" said >where; then echo "$secret is in $(cat where)"; fi
      count=$((count + 1))
    done
    echo "looked for $count secrets"
    """
}

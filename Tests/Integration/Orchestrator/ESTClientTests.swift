import Foundation
import PKITestKit
import Testing

@Suite("EST with real clients")
struct ESTClientTests {
  /// bash: takes a join string apart as docs/operate/admission.md does, and has the root before anything secret is sent.
  /// Its host is a name that only an operator's DNS knows: `url` is set before.
  private static let root = """
    join=$(cat node.join)
    root=${join#*root=}; root=${root%%&*}; id=${join#*id=}; id=${id%%&*}; secret=${join##*secret=}
    curl -sSk $url/.well-known/est/cacerts | base64 -d | openssl pkcs7 -inform DER -print_certs -out all.crt
    csplit -sz -f ca- all.crt '/^subject/' '{*}'
    rm -f est-ca.crt
    for f in ca-*; do
      hash=$(openssl x509 -in $f -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
      if [ $hash = $root ]; then openssl x509 -in $f -out est-ca.crt; fi
    done
    sed -n '/BEGIN/,/END/p' all.crt > chain.crt
    request() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$2 -out $1.csr; }
    certificate() { base64 -d | openssl pkcs7 -inform DER -print_certs | sed -n '/BEGIN/,/END/p'; }
    est() { curl -sS --fail-with-body --max-time 60 --cacert est-ca.crt -H 'Content-Type: application/pkcs10' "$@"; }
    """

  @Test("curl and openssl enrol with a token, renew, and are refused other names")
  func curl() throws {
    let orchestrator = try RunningOrchestrator(settings: "admission: {tokens: true}")
    try orchestrator.workspace.bash(
      """
      countersign invite node-1.example -o node.join --quiet
      url=\(orchestrator.url)
      \(Self.root)
      request node node-1.example
      printf 'user = "%s:%s"\\n' $id $secret >auth
      est -K auth --data-binary @node.csr $url/.well-known/est/simpleenroll | certificate >node.crt
      openssl verify -CAfile est-ca.crt -untrusted chain.crt node.crt
      ! est -K auth --data-binary @node.csr $url/.well-known/est/simpleenroll
      request next node-1.example
      est --cert node.crt --key node.key --data-binary @next.csr $url/.well-known/est/simplereenroll | certificate >next.crt
      openssl verify -CAfile est-ca.crt -untrusted chain.crt next.crt
      request other node-2.example
      ! est --cert node.crt --key node.key --data-binary @other.csr $url/.well-known/est/simplereenroll
      ! grep -q $secret \(orchestrator.workspace.path)/orchestrator-*.log
      """)
    let events = try orchestrator.countersign("events", "--output", "json").text
    #expect(events.contains("request.refused"))
    #expect(!events.contains("countersign_"))
  }

  @Test("an operator approves a request by its pairing code, and no other code will do")
  func approval() throws {
    let orchestrator = try RunningOrchestrator(
      settings: "admission: {approval: {names: ['*.agents.example'], expiresAfter: 1h}}")
    try orchestrator.workspace.bash(
      """
      cp ca.crt est-ca.crt; url=\(orchestrator.url)
      request() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$2 -out $1.csr; }
      certificate() { base64 -d | openssl pkcs7 -inform DER -print_certs | sed -n '/BEGIN/,/END/p'; }
      ask() { curl -sS --max-time 60 -w '%{http_code}' -o answer --cacert est-ca.crt -H 'Content-Type: application/pkcs10' \\
        --data-binary @node.csr $url/.well-known/est/simpleenroll; }
      request node a.agents.example
      test "$(ask)" = 202
      code=$( (openssl x509 -in est-ca.crt -outform DER; openssl req -in node.csr -noout -pubkey | openssl pkey -pubin -outform DER) |
        openssl dgst -sha256 -binary | base32 | cut -c1-12)
      ! countersign nodes approve a.agents.example --code AAAABBBBCCCC
      test "$(ask)" = 202
      countersign nodes approve a.agents.example --code $code --quiet
      test "$(ask)" = 200
      certificate <answer >node.crt
      test "$(openssl x509 -in node.crt -noout -pubkey)" = "$(openssl pkey -in node.key -pubout)"
      """)
  }

  @Test("strongSwan's pki gets the authorities, enrols and renews")
  func strongSwan() throws {
    let orchestrator = try RunningOrchestrator(settings: "admission: {tokens: true}")
    try orchestrator.workspace.bash(
      """
      printf 'libtls {\\n  version_max = 1.3\\n}\\n' >strongswan.conf
      export STRONGSWAN_CONF=$PWD/strongswan.conf
      countersign invite node-1.example -o node.join --quiet
      url=\(orchestrator.url)
      \(Self.root)
      pki --estca --url $url --cacert est-ca.crt --caout est --outform pem 2>estca.log || { cat estca.log; false; }
      ls est*.pem
      request node node-1.example
      openssl req -in node.csr -outform DER -out node.der
      pki --est --url $url --cacert est-ca.crt --in node.der --userpass $id:$secret --outform pem >node.crt 2>est.log ||
        { cat est.log; false; }
      openssl verify -CAfile est-ca.crt -untrusted chain.crt node.crt
      request next node-1.example
      openssl req -in next.csr -outform DER -out next.der
      pki --est --url $url --cacert est-ca.crt --in next.der --cert node.crt --key node.key --outform pem >next.crt 2>est.log ||
        { cat est.log; false; }
      openssl verify -CAfile est-ca.crt -untrusted chain.crt next.crt
      """)
  }
}

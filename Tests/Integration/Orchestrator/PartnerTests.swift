import Foundation
import PKITestKit
import Testing

@Suite("nodes of another organisation")
struct PartnerTests {
  @Test("a certificate of the partner's own CA gets one of ours, for its organisation and its names only")
  func partner() throws {
    let orchestrator = try RunningOrchestrator(
      settings: """
        admission: {partners: [{org: ORG2, trust: org2-ca.crt, dns: [.org2.example]}]}
        """,
      prepare: """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout org2-ca.key -subj "/O=ORG2/CN=ORG2 CA" -days 30 \\
          -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out org2-ca.crt 2>/dev/null
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout theirs.key -subj /CN=anything -out theirs.csr 2>/dev/null
        openssl x509 -req -in theirs.csr -CA org2-ca.crt -CAkey org2-ca.key -CAcreateserial -days 7 \\
          -extfile <(echo extendedKeyUsage=clientAuth) -out theirs.crt 2>/dev/null
        """)
    let output = try orchestrator.workspace.bash(
      """
      enrol() {
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout node.key -subj "$1" -addext "subjectAltName=$2" \\
          -outform DER 2>/dev/null | openssl base64 >node.b64
        curl -sS --max-time 60 --cacert ca.crt --cert theirs.crt --key theirs.key -o node.out -w '%{http_code}\\n' \\
          -H 'Content-Type: application/pkcs10' --data-binary @node.b64 \(orchestrator.url)/.well-known/est/simpleenroll
      }
      enrol /O=ORG2/CN=a.org2.example DNS:b.org2.example
      base64 -d node.out | openssl pkcs7 -inform DER -print_certs | openssl x509 -noout -subject -issuer
      enrol /O=ORG1/CN=a.org2.example DNS:a.org2.example
      enrol /O=ORG1/O=ORG2/CN=a.org2.example DNS:a.org2.example
      enrol /O=ORG2/CN=a.org2.example DNS:orchestrator.example.org
      enrol /O=ORG2/CN=a.org2.example IP:10.0.0.1
      enrol "/O=ORG2/CN=Our Best Robot" DNS:a.org2.example
      """)
    let lines = output.text.split(separator: "\n")
    #expect(lines.first == "200" && lines.dropFirst().first == "subject=O = ORG2, CN = a.org2.example")
    #expect(lines.suffix(5) == ["403", "403", "403", "403", "403"])
    #expect(lines.dropFirst(2).first?.hasPrefix("issuer=") == true)
  }
}

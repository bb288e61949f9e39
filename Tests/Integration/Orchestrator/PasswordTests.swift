import Foundation
import PKITestKit
import Testing

@Suite("an orchestrator that knows agents by passwords")
struct PasswordTests {
  @Test("curl enrols an agent with its password, once; guessing ends in 429, and no log or record holds a secret")
  func enrol() throws {
    let orchestrator = try RunningOrchestrator(
      settings: """
        admission: {passwords: {file: passwords}}
        limits: {perIdentity: 4/h, perAddress: unlimited}
        """,
      prepare:
        "echo swordfish-of-bender | countersign orchestrator password bender-robots >passwords; chmod 600 passwords")
    let place = orchestrator.workspace
    let output = try place.bash(
      """
      url=\(orchestrator.url)/.well-known/est/simpleenroll
      make() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$2 -outform DER 2>/dev/null |
        openssl base64 >$1.b64; }
      enrol() { curl -sS --max-time 60 --cacert ca.crt -o $1.out -D $1.head -w '%{http_code}\\n' -u "$2" \\
        -H 'Content-Type: application/pkcs10' --data-binary @$1.b64 $url; }
      make bender bender-robots; make welder welder-robots
      enrol bender bender-robots:wrong-guess
      enrol welder bender-robots:swordfish-of-bender
      enrol bender bender-robots:swordfish-of-bender
      base64 -d bender.out | openssl pkcs7 -inform DER -print_certs | openssl x509 -noout -subject
      enrol bender bender-robots:swordfish-of-bender
      enrol bender bender-robots:swordfish-of-bender
      grep -iE '^retry-after: [1-9][0-9]*' bender.head >/dev/null && echo later
      """)
    #expect(
      output.text == """
        401
        403
        200
        subject=CN = bender-robots
        403
        429
        later

        """)
    let events = try orchestrator.countersign("events", "--output", "json").text
    for secret in ["swordfish", "wrong-guess"] {
      #expect(!orchestrator.log.contains(secret) && !events.contains(secret))
    }
    #expect(events.contains("limit.exceeded") && events.contains("admission.passwords"))
  }
}

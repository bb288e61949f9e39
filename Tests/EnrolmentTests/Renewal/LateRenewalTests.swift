import Credentials
import Crypto
import Enrolment
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("Late renewal: nonce, form and proof")
struct LateRenewalTests {
  private static let now = Date(timeIntervalSince1970: 1_800_000_000)
  private static let random = [UInt8](repeating: 7, count: 16)

  private func nonces(_ mostUsed: Int = 100) -> RenewalNonces {
    RenewalNonces(key: SymmetricKey(data: [UInt8](repeating: 1, count: 32)), mostUsed: mostUsed)
  }

  @Test("a nonce is good once, for a minute")
  func nonce() throws {
    var nonces = nonces()
    let nonce = Array(nonces.issue(random: Self.random, at: Self.now).utf8)
    try nonces.check(nonce, at: Self.now)
    try nonces.check(nonce, at: Self.now + 60)
    #expect(throws: LateRenewalError.expiredNonce) { try nonces.check(nonce, at: Self.now + 61) }
    #expect(throws: LateRenewalError.expiredNonce) { try nonces.check(nonce, at: Self.now - 1) }
    try nonces.redeem(nonce, at: Self.now + 1)
    for second in [1.0, 30, 60] {
      #expect(throws: LateRenewalError.usedNonce) { try nonces.redeem(nonce, at: Self.now + second) }
    }
  }

  @Test("a nonce that was used stays used when its generation turns")
  func turning() throws {
    var nonces = nonces()
    func issue(_ byte: UInt8, _ at: Date) -> [UInt8] {
      Array(nonces.issue(random: [UInt8](repeating: byte, count: 16), at: at).utf8)
    }
    try nonces.redeem(issue(1, Self.now), at: Self.now)
    let second = issue(2, Self.now + 50)
    try nonces.redeem(second, at: Self.now + 55)
    try nonces.redeem(issue(3, Self.now + 61), at: Self.now + 61)
    #expect(throws: LateRenewalError.usedNonce) { try nonces.redeem(second, at: Self.now + 100) }
  }

  @Test("a nonce that was altered, made elsewhere or cut is refused")
  func forged() throws {
    var nonces = nonces()
    let nonce = Array(nonces.issue(random: Self.random, at: Self.now).utf8)
    for index in nonce.indices {
      var altered = nonce
      altered[index] = altered[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      #expect(throws: LateRenewalError.unknownNonce) { try nonces.redeem(altered, at: Self.now) }
    }
    let other = RenewalNonces(key: SymmetricKey(size: .bits256))
    #expect(throws: LateRenewalError.unknownNonce) { try other.check(nonce, at: Self.now) }
    for text in ["", "zz", "ab", String(repeating: "ab", count: 500)] {
      #expect(throws: LateRenewalError.unknownNonce) { try nonces.check(Array(text.utf8), at: Self.now) }
    }
  }

  @Test("no more used nonces are remembered than may be; then renewals wait")
  func bounded() throws {
    var nonces = nonces(2)
    func redeem(_ byte: UInt8, _ at: Date) throws {
      try nonces.redeem(Array(nonces.issue(random: [UInt8](repeating: byte, count: 16), at: at).utf8), at: at)
    }
    try redeem(1, Self.now)
    try redeem(2, Self.now)
    #expect(throws: LateRenewalError.tooManyNonces) { try redeem(3, Self.now + 1) }
    try redeem(4, Self.now + 61)
  }

  @Test("what openssl and curl make is read and verified", arguments: ["p256", "p384", "p521", "rsa", "ed25519"])
  func openssl(kind: String) throws {
    let folder = try TemporaryDirectory()
    try Tool.require("bash", ["-euc", Self.script, "bash", kind], in: folder.url)
    let form = try LateRenewalForm(body: Array(try Data(contentsOf: folder.file("body"))))
    let certificate = try Certificate(pemEncoded: String(contentsOf: folder.file("old.crt"), encoding: .utf8))
    #expect(try certificate.derBytes() == form.certificate)
    let statement = LateRenewalStatement(nonce: form.nonce, request: form.request)
    #expect(statement.bytes == Array(try Data(contentsOf: folder.file("statement"))))
    try statement.verify(form.signature, by: certificate.publicKey)

    let others = [
      LateRenewalStatement(nonce: form.nonce + [0x30], request: form.request),
      LateRenewalStatement(nonce: form.nonce, request: form.request + [0]),
    ]
    for other in others {
      #expect(throws: LateRenewalError.wrongSignature) { try other.verify(form.signature, by: certificate.publicKey) }
    }
    var altered = form.signature
    altered[altered.count / 2] ^= 1
    for signature in [altered, Array(form.signature.dropLast()), [], [0x30]] {
      #expect(throws: LateRenewalError.wrongSignature) { try statement.verify(signature, by: certificate.publicKey) }
    }
    let stranger = Certificate.PrivateKey(P256.Signing.PrivateKey()).publicKey
    #expect(throws: LateRenewalError.wrongSignature) { try statement.verify(form.signature, by: stranger) }
  }

  /// The client of docs/manual/late-renewal.md, with the body that curl would send written to a file.
  private static let script = """
    case $1 in
      p256) alg="EC -pkeyopt ec_paramgen_curve:P-256";; p384) alg="EC -pkeyopt ec_paramgen_curve:P-384";;
      p521) alg="EC -pkeyopt ec_paramgen_curve:P-521";; rsa) alg="RSA -pkeyopt rsa_keygen_bits:2048";;
      ed25519) alg=ED25519;;
    esac
    openssl genpkey -quiet -algorithm $alg -out old.key 2>/dev/null || openssl genpkey -algorithm $alg -out old.key 2>/dev/null
    openssl req -x509 -new -key old.key -subj /O=ORG1/CN=node-1 -days 1 -out old.crt
    cat old.crt old.crt >chain.crt
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout new.key -subj /O=ORG1/CN=node-1 -out new.csr 2>/dev/null
    nonce=0123456789abcdef
    hash=$(openssl req -in new.csr -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
    printf 'countersign-late-renewal-v1\\n%s\\n%s\\n' "$nonce" "$hash" >statement
    if [ $1 = ed25519 ]; then openssl pkeyutl -sign -rawin -inkey old.key -in statement -out signature
    else openssl dgst -sha256 -sign old.key -out signature statement; fi
    openssl base64 -in signature -out signature.b64
    python3 - <<'END' >body
    import urllib.parse
    fields = [("certificate", open("chain.crt").read()), ("request", open("new.csr").read()),
              ("nonce", "0123456789abcdef"), ("signature", open("signature.b64").read())]
    print(urllib.parse.urlencode(fields), end="")
    END
    """

  @Test(
    "a body that is not such a form is refused",
    arguments: [
      "", "certificate=", "certificate=%", "certificate=%zz&request=a&nonce=b&signature=c", "other=1",
      "nonce=a&nonce=b", "certificate=AAAA&request=AAAA&nonce=a", "certificate=AAAA&request=AAAA&nonce=a&signature=*",
      "certificate=AAAA&request=AAAA&nonce=a&signature=",
      "certificate=-----BEGIN PRIVATE KEY-----%0AAAAA%0A-----END PRIVATE KEY-----&request=AAAA&nonce=a&signature=AAAA",
    ])
  func malformed(body: String) {
    let error = #expect(throws: LateRenewalError.self) { try LateRenewalForm(body: Array(body.utf8)) }
    guard case .malformed? = error else {
      Issue.record("\(body): \(String(describing: error))")
      return
    }
  }

  @Test("DER in base64 is taken as PEM is; a body beyond the limit is not")
  func bare() throws {
    let form = try LateRenewalForm(body: Array("nonce=+a%0A&signature=AA%3D%3D&certificate=MAA%3D&request=MAA%3D".utf8))
    #expect(form.certificate == [0x30, 0] && form.request == [0x30, 0])
    #expect(form.nonce == [0x61] && form.signature == [0])
    #expect(throws: LateRenewalError.self) {
      try LateRenewalForm(body: [UInt8](repeating: 0x61, count: LateRenewalForm.sizeLimit + 1))
    }
  }
}

import Credentials
import Crypto
import SwiftASN1
import X509

func fuzzCertificate(_ bytes: [UInt8]) {
  let input = CertificateInput(der: bytes)
  guard let certificate = input.certificate else { return }
  _ = certificate.subject.description
  for rules in RuleSet.allCases {
    // As a leaf and as its own authority, so that names and constraints meet.
    var request = PathRequest(
      leaf: input, intermediates: [input], trust: [input], at: certificate.notValidBefore, purpose: .server,
      name: ReferenceName("node-1.example.org"), rules: rules)
    request.limits.signatureChecks = 4
    _ = verify(request)
    let check = IssuedCertificateCheck(issuer: certificate, rules: rules)
    let names = (try? certificate.extensions.subjectAlternativeNames).map { Array($0) } ?? []
    _ = check.forbiddenName(subject: certificate.subject, names: names)
    _ = check.rejection(of: certificate, at: certificate.notValidBefore, purposes: [.server, .client])
  }
}

private let nodeKey = Certificate.PrivateKey(P256.Signing.PrivateKey())

/// The bytes as a request, and as the value of a subjectAltName in a request whose signature holds: a mutated request
/// never gets beyond its signature.
func fuzzRequest(_ bytes: [UInt8]) {
  if let request = try? CertificateRequest(der: bytes) { _ = try? VerifiedRequest(request) }
  guard bytes.count <= 4096 else { return }
  do {
    let names = Certificate.Extension(oid: .X509ExtensionID.subjectAlternativeName, critical: false, value: bytes[...])
    let attributes = try CertificateSigningRequest.Attributes([
      .init(ExtensionRequest(extensions: Certificate.Extensions([names])))
    ])
    let signed = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName(), privateKey: nodeKey, attributes: attributes)
    let verified = try VerifiedRequest(CertificateRequest(der: signed.derBytes()))
    let grant = Grant(verified, profile: .node, lifetime: .seconds(86_400))
    _ = IssuancePolicy(rules: [
      PolicyRule(label: "fuzz", names: [NamePattern("*.example.org"), NamePattern("10.0.0.0/8")])
    ])
    .decide(grant, as: .desk)
  } catch {}
}

func fuzzRevocationList(_ bytes: [UInt8]) {
  guard let list = try? CertificateRevocationList(der: bytes) else { return }
  for entry in list.entries.prefix(8) { _ = list.entry(for: entry.serial) }
  _ = list.isSigned(by: nodeKey.publicKey)
}

/// The texts that operators and requests write names and durations as.
func fuzzNames(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  _ = try? DNSName(text)
  _ = try? URIName(text)
  _ = ReferenceName(text)
  if let duration = Duration(operatorText: text) {
    require(Duration(operatorText: duration.operatorText) == duration, "\(duration) is read differently")
  }
  if let address = IPAddress(text) { require(IPAddress("\(address.text)") == address, "\(text) is read differently") }
  if let range = IPRange(text) { require(IPRange(range.text) == range, "\(text) is read differently") }
  // Half a pattern, half a name.
  let half = text.count / 2
  _ = NamePattern(String(text.prefix(half))).matches(String(text.dropFirst(half)))
}

import Diagnosis
import Foundation
import PKITestKit
import Testing

@Suite("inspection: facts")
struct InspectionFactsTests {
  let bench: InspectionWorkbench

  init() throws { bench = try InspectionWorkbench() }

  @Test("a good pair and its authority have no finding, and are told to belong together")
  func good() throws {
    try bench.makeAuthority()
    try bench.makeNode()
    let report = try bench.inspect("node.key", "node.crt", "ca.crt")
    #expect(report.findings == [])
    #expect(
      report.relations.map(\.sentence) == [
        "node.key:1 is the key of node.crt:1", "node.crt:1 was issued by ca.crt:1",
      ])
    let node = try #require(report.certificates.first)
    #expect(node.subject == "CN=node,O=Org")
    #expect(node.issuer == "CN=Test_CA")
    #expect(
      node.extensions.subjectAlternativeNames == ["DNS:node.example", "IP:10.0.0.1", "URI:spiffe://example/node"])
    #expect(node.extensions.extendedKeyUsage == ["serverAuth", "clientAuth"])
    #expect(node.extensions.keyUsage == ["digitalSignature"])
    #expect(node.publicKey.summary == "EC P-256")
    #expect(node.signature.algorithm == "ecdsa-with-SHA256")
  }

  @Test("serial, fingerprint, dates and names are those that openssl prints")
  func agreesWithOpenSSL() throws {
    try bench.makeAuthority()
    try bench.makeNode()
    let facts = try #require(try bench.inspect("node.crt").certificates.first)
    let printed = try bench.run(
      "openssl",
      [
        "x509", "-in", "node.crt", "-noout", "-serial", "-fingerprint", "-sha256", "-subject", "-nameopt", "RFC2253",
        "-dates", "-dateopt", "iso_8601",
      ])
    let end = try #require(facts.notAfter)
    #expect(printed.contains("serial=\(facts.serialText.uppercased())"))
    #expect(printed.contains("subject=\(facts.subject)"))
    let fingerprint = facts.fingerprint.map { String(format: "%02X", $0) }.joined(separator: ":")
    #expect(printed.contains(fingerprint))
    #expect(printed.contains("notAfter=\(DERTime.rfc3339(end).replacing("T", with: " "))"))
  }

  @Test(
    "a key that no TLS library takes is still described",
    arguments: [
      (
        "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out p.pem|genpkey -paramfile p.pem -out k.key",
        "DSA 1024", FindingCode.weakKey
      ),
      ("ecparam -name prime192v1 -genkey -noout -out k.key", "EC P-192", .weakKey),
      ("ecparam -name secp256k1 -genkey -noout -out k.key", "EC secp256k1", .unusableAlgorithm),
      ("genpkey -algorithm ed448 -out k.key", "Ed448", .unusableAlgorithm),
      ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out k.key", "RSA-PSS 2048", .unusableAlgorithm),
      ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out k.key", "RSA 1024", .weakKey),
      (
        "ecparam -name prime256v1 -param_enc explicit -genkey -noout -out k.key",
        "EC with explicit parameters (256 bits)", .explicitParameters
      ),
    ])
  func unusualKeys(commands: String, summary: String, code: FindingCode) throws {
    for command in commands.split(separator: "|") { try bench.openssl(String(command)) }
    try bench.openssl("req -x509 -new -key k.key -subj /CN=x -days 400 -out c.crt -addext subjectAltName=DNS:x")
    let report = try bench.inspect("k.key", "c.crt")
    let certificate = try #require(report.certificates.first)
    #expect(certificate.publicKey.summary == summary)
    #expect(report.findings.contains { $0.code == code && $0.location.file == "c.crt" })
    #expect(report.privateKeys.first.map { summary.hasPrefix($0.algorithm) } == true)
    #expect(report.findings.contains { $0.code == code && $0.location.file == "k.key" } || summary == "DSA 1024")
  }

  @Test("an algorithm without a name here is shown by its identifier")
  func unknownAlgorithm() throws {
    try bench.makeAuthority()
    try bench.openssl("x509 -in ca.crt -outform DER -out ca.der")
    let known: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    var bytes = try bench.bytes("ca.der")
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: known) })
    bytes[start + 6] = 0x7F
    try bench.write("x.der", bytes)
    let report = try bench.inspect("x.der")
    #expect(report.certificates.first?.publicKey.algorithm == "1.2.840.10045.2.127")
    #expect(report.codes.contains(.unusableAlgorithm))
  }

  @Test("what `openssl x509 -req` makes of a request is named as version 1")
  func version1() throws {
    try bench.openssl("genrsa -out ca.key 2048")
    try bench.openssl("req -new -x509 -sha256 -key ca.key -out ca.crt -days 3650 -subj /CN=orchestrator-ca")
    try bench.openssl("req -newkey rsa:2048 -nodes -keyout ORG.key -subj /O=ORG/CN=host -out ORG.csr")
    try bench.openssl("x509 -req -days 365 -in ORG.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out ORG.crt -sha256")
    let report = try bench.inspect("ORG.crt", "ca.crt")
    #expect(report.findings.first?.code == .version1)
    #expect(report.findings.first?.severity == .error)
    #expect(report.items.first?.notes.contains { $0.contains("openssl x509 -req") } == true)
    #expect(report.relations.map(\.kind) == [.issuedBy])
  }

  @Test("a certificate near its end is a finding, and a new one that is made for days is not")
  func nearItsEnd() throws {
    try bench.openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.crt -days 9 -subj /CN=s"
        + " -addext subjectAltName=DNS:s -addext basicConstraints=critical,CA:FALSE")
    #expect(!(try bench.inspect("s.crt").codes.contains(.expiresSoon)))
    let late = bench.now.addingTimeInterval(7 * 86_400)
    #expect(try bench.inspect("s.crt", at: late).codes.contains(.expiresSoon))
  }

  @Test("SHA-1, a missing name and a missing issuer's key are findings")
  func weakLeaf() throws {
    try bench.makeAuthority()
    try bench.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout n.key -out n.csr -subj /CN=n")
    try bench.write("n.ext", "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n")
    try bench.openssl(
      "x509 -req -in n.csr -CA ca.crt -CAkey ca.key -set_serial 0 -days 20 -sha1 -extfile n.ext -out n.crt")
    let codes = Set(try bench.inspect("n.crt").codes)
    #expect(
      codes == [.weakSignature, .noSubjectAlternativeName, .noAuthorityKeyIdentifier, .serialNotPositive])
  }

  @Test("expired and not yet valid are told by the given time")
  func validity() throws {
    try bench.makeAuthority()
    try bench.makeNode()
    let later = try bench.inspect("node.crt", at: bench.now.addingTimeInterval(400 * 86_400))
    #expect(later.codes == [.expired])
    #expect(later.finding(.expired)?.what.contains("35 days ago") == true)
    let earlier = try bench.inspect("node.crt", at: bench.now.addingTimeInterval(-86_400))
    #expect(earlier.codes == [.notYetValid])
  }

  @Test("an authority that lacks keyCertSign, criticality or its key identifier is told")
  func authority() throws {
    try bench.write(
      "c.cnf",
      "[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\nbasicConstraints=CA:TRUE\nkeyUsage=digitalSignature\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
    )
    try bench.openssl(
      "req -x509 -config c.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.key -out ca.crt -days 900 -subj /CN=x"
    )
    #expect(
      Set(try bench.inspect("ca.crt").codes) == [
        .authorityWithoutCertSign, .basicConstraintsNotCritical, .noSubjectKeyIdentifier,
      ])
  }

  @Test("a request tells what it asks for; one that was changed is found")
  func requests() throws {
    try bench.makeAuthority()
    try bench.makeNode()
    let report = try bench.inspect("node.csr", "node.key")
    #expect(report.findings == [])
    guard case .request(let facts) = report.items[0].content else {
      Issue.record("no request was read")
      return
    }
    #expect(facts.subject == "CN=node,O=Org")
    #expect(facts.extensions.subjectAlternativeNames == ["DNS:node.example"])
    #expect(facts.signatureState == "valid")

    try bench.openssl("req -in node.csr -outform DER -out node.der")
    var bytes = try bench.bytes("node.der")
    let name = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("node".utf8)) })
    bytes[name] = UInt8(ascii: "m")
    try bench.write("changed.der", bytes)
    #expect(try bench.inspect("changed.der").codes == [.requestSignatureInvalid])
  }

  @Test("a request for an authority is told")
  func requestForAuthority() throws {
    try bench.openssl(
      "req -newkey rsa:2048 -nodes -keyout k.key -out r.csr -subj /CN=x -addext basicConstraints=critical,CA:TRUE")
    #expect(try bench.inspect("r.csr").codes == [.requestForAuthority])
  }

  @Test("a revocation list tells number, times and entries, and when it is over")
  func revocationList() throws {
    try bench.makeAuthority()
    try bench.makeNode()
    try bench.write(
      "c.cnf",
      "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n"
    )
    try bench.write("index.txt", "")
    try bench.write("number", "1F\n")
    try bench.openssl("ca -config c.cnf -keyfile ca.key -cert ca.crt -revoke node.crt -crl_reason keyCompromise")
    try bench.openssl("ca -config c.cnf -keyfile ca.key -cert ca.crt -gencrl -out list.crl")
    let report = try bench.inspect("list.crl", "ca.crt")
    #expect(report.findings == [])
    #expect(report.relations.map(\.sentence) == ["list.crl:1 was issued by ca.crt:1"])
    guard case .revocationList(let facts) = report.items[0].content else {
      Issue.record("no revocation list was read")
      return
    }
    #expect(facts.number == [0x1F])
    #expect(facts.entryCount == 1)
    #expect(facts.entries.first?.reason == "keyCompromise")
    #expect(facts.entries.first?.serial == (try bench.inspect("node.crt").certificates.first?.serial))
    #expect(
      try bench.inspect("list.crl", at: bench.now.addingTimeInterval(8 * 86_400)).codes == [.revocationListExpired])
  }

  @Test("names with commas, leading spaces, control characters and foreign scripts are written by RFC 4514")
  func names() throws {
    try bench.write(
      "c.cnf",
      "[req]\ndistinguished_name=d\nprompt=no\nutf8=yes\nstring_mask=utf8only\n[d]\nO=\\ Müller, \"Söhne\" + Co\nCN=a\\\\b\n"
    )
    try Tool.require(
      "openssl",
      [
        "req", "-x509", "-config", "c.cnf", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "c.crt", "-days",
        "90",
      ],
      in: bench.folder.url)
    let printed = try bench.run(
      "openssl", ["x509", "-in", "c.crt", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb"])
    let facts = try #require(try bench.inspect("c.crt").certificates.first)
    #expect(printed.contains("subject=\(facts.subject)\n"))
  }

  @Test("certtool's certificates are read as openssl's are")
  func certtool() throws {
    try bench.write("t.cfg", "cn = node\ndns_name = node.example\ntls_www_server\nexpiration_days = 300\nserial = 7\n")
    _ = try bench.run("certtool", ["--generate-privkey", "--key-type", "ed25519", "--outfile", "k.key"])
    _ = try bench.run(
      "certtool", ["--generate-self-signed", "--load-privkey", "k.key", "--template", "t.cfg", "--outfile", "c.crt"])
    let report = try bench.inspect("k.key", "c.crt")
    #expect(report.certificates.first?.publicKey.summary == "Ed25519")
    #expect(report.certificates.first?.serial == [7])
    #expect(report.relations.map(\.kind) == [.keyOf])
    #expect(report.findings == [])
  }
}

import Diagnosis
import Foundation
import PKITestKit
import SwiftASN1
import TLSRuntime
import X509

/// Certificates made by openssl: a CA, a server, several clients. Made once for all tests of this module.
final class HandshakePKI: Sendable {
  static let shared = Result { try HandshakePKI() }

  let directory: TemporaryDirectory

  private init() throws {
    directory = try TemporaryDirectory()
    try authority("ca", "/CN=Test CA/O=Example")
    try authority("other-ca", "/CN=Other CA")
    try certificate(
      "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth")
    try certificate("client", "/CN=node-1", "subjectAltName=DNS:node-1\nextendedKeyUsage=serverAuth,clientAuth")
    try certificate("server-only", "/CN=node-1", "extendedKeyUsage=serverAuth")
    try certificate("stranger", "/CN=node-1", "extendedKeyUsage=clientAuth", authority: "other-ca")
    try certificate(
      "expired", "/CN=node-1", "extendedKeyUsage=clientAuth", dates: ("20200101000000Z", "20210101000000Z"))
    try certificate(
      "expired-server", "/CN=localhost", "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth",
      dates: ("20200101000000Z", "20210101000000Z"))
    try intermediate()
  }

  func path(_ name: String) -> String { directory.file(name).path }

  var server: ServerProcess.Files { files("server") }

  func files(_ name: String) -> ServerProcess.Files {
    .init(certificate: path("\(name).crt"), key: path("\(name).key"), clientAuthorities: path("ca.crt"))
  }

  func credential(_ name: String) throws -> TLSCredential {
    let certificate = try Certificate(pemEncoded: String(contentsOf: directory.file("\(name).crt"), encoding: .utf8))
    let key = try Certificate.PrivateKey(pemEncoded: String(contentsOf: directory.file("\(name).key"), encoding: .utf8))
    return TLSCredential(chain: [certificate], key: key)
  }

  /// A verifier that asks openssl: it is independent of ours.
  func verifier(name: String, trust: String = "ca.crt") -> @Sendable ([[UInt8]]) -> ServerAssessment {
    let bundle = path(trust)
    return { chain in
      do {
        let scratch = try TemporaryDirectory()
        for (index, der) in chain.enumerated() {
          try Data(der).write(to: scratch.file("\(index).der"))
          try Tool.openssl("x509", "-inform", "DER", "-in", "\(index).der", "-out", "\(index).pem", in: scratch.url)
        }
        let untrusted = chain.indices.dropFirst().flatMap { ["-untrusted", "\($0).pem"] }
        let verified = try Tool.run(
          "openssl", ["verify", "-CAfile", bundle, "-purpose", "sslserver"] + untrusted + ["0.pem"], in: scratch.url)
        let flag = name.first?.isNumber == true ? "-checkip" : "-checkhost"
        let named = try Tool.openssl("x509", "-in", "0.pem", "-noout", flag, name, in: scratch.url)
        return ServerAssessment(
          chain: verified.status == 0
            ? .trusted(path: ["leaf", "root"])
            : .untrusted(
              code: verified.errors.contains("expired") ? "expired" : "unknown-issuer", reason: verified.errors),
          name: named.text.contains("does match") ? .matches : .mismatch("\(name) is not in the certificate"))
      } catch {
        return ServerAssessment(chain: .untrusted(code: "failed", reason: "\(error)"), name: .notChecked)
      }
    }
  }
}

extension HandshakePKI {
  private func key(_ name: String) throws {
    try Tool.openssl(
      "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "\(name).key", in: directory.url)
  }

  private func authority(_ name: String, _ subject: String) throws {
    try key(name)
    try Tool.openssl(
      "req", "-x509", "-new", "-key", "\(name).key", "-subj", subject, "-days", "30", "-out", "\(name).crt",
      "-addext", "keyUsage=critical,keyCertSign,cRLSign", in: directory.url)
  }

  private func certificate(
    _ name: String, _ subject: String, _ extensions: String, authority: String = "ca", dates: (String, String)? = nil
  ) throws {
    try key(name)
    try Tool.openssl("req", "-new", "-key", "\(name).key", "-subj", subject, "-out", "\(name).csr", in: directory.url)
    try Data("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\(extensions)\n".utf8)
      .write(to: directory.file("\(name).ext"))
    guard let dates else {
      try Tool.openssl(
        "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).crt", "-CAkey", "\(authority).key", "-days", "20",
        "-extfile", "\(name).ext", "-out", "\(name).crt", in: directory.url)
      return
    }
    // Only `openssl ca` of OpenSSL 3.0 signs with given dates.
    let settings = """
      [ca]
      default_ca = test
      [test]
      database = \(name).index
      rand_serial = yes
      default_md = sha256
      policy = any
      [any]
      commonName = supplied
      """
    try Data(settings.utf8).write(to: directory.file("\(name).cnf"))
    try Data().write(to: directory.file("\(name).index"))
    try Tool.openssl(
      "ca", "-batch", "-notext", "-config", "\(name).cnf", "-cert", "\(authority).crt", "-keyfile", "\(authority).key",
      "-in", "\(name).csr", "-startdate", dates.0, "-enddate", dates.1, "-extfile", "\(name).ext", "-outdir", ".",
      "-out", "\(name).crt", in: directory.url)
  }

  /// A server certificate below an intermediate, in one file with it, and alone.
  private func intermediate() throws {
    try certificate(
      "intermediate", "/CN=Test Intermediate", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign")
    try certificate(
      "below", "/CN=localhost", "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth", authority: "intermediate")
    let chain = try Data(contentsOf: directory.file("below.crt")) + Data(contentsOf: directory.file("intermediate.crt"))
    try chain.write(to: directory.file("below-chain.crt"))
    try FileManager.default.copyItem(at: directory.file("below.key"), to: directory.file("below-chain.key"))
  }
}

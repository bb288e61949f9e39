import Diagnosis
import Foundation
import PKITestKit

/// A folder in which independent tools make the files that are inspected.
struct InspectionWorkbench {
  let folder: TemporaryDirectory
  /// The time that openssl's certificates are judged at: a minute after now, however long making them took.
  var now: Date { Date(timeIntervalSinceNow: 60) }

  init() throws { folder = try TemporaryDirectory() }

  /// Runs openssl in the folder, with arguments that hold no spaces.
  func openssl(_ arguments: String) throws {
    try Tool.require("openssl", arguments.split(separator: " ").map(String.init), in: folder.url)
  }

  func run(_ program: String, _ arguments: [String]) throws -> String {
    try Tool.require(program, arguments, in: folder.url).text
  }

  func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: folder.file(name)) }
  func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: folder.file(name)) }
  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.file(name))) }
  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func inspect(_ names: String..., password: String? = nil, at time: Date? = nil) throws -> InspectionReport {
    let files = try names.map { Inspection.NamedBytes(name: $0, bytes: try bytes($0)) }
    return Inspection.inspect(files, password: password, at: time ?? now)
  }

  func inspect(text: String, name: String = "file") -> InspectionReport {
    Inspection.inspect([.init(name: name, bytes: Array(text.utf8))], at: now)
  }

  /// A root of version 3, `ca.crt` and `ca.key`.
  func makeAuthority(_ stem: String = "ca", subject: String = "/CN=Test_CA", days: Int = 3650) throws {
    try openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(stem).key -out \(stem).crt -days \(days)"
        + " -subj \(subject) -addext keyUsage=critical,keyCertSign,cRLSign")
  }

  /// A node's key, request and certificate: `node.key`, `node.csr`, `node.crt`.
  func makeNode(
    _ stem: String = "node", issuer: String = "ca", days: Int = 365, isAuthority: Bool = false, more: String = ""
  ) throws {
    try openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(stem).key -out \(stem).csr -subj /O=Org/CN=\(stem)"
        + " -addext subjectAltName=DNS:\(stem).example")
    let extensions =
      isAuthority
      ? "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
      : "subjectAltName=DNS:\(stem).example,IP:10.0.0.1,URI:spiffe://example/\(stem)\nextendedKeyUsage=serverAuth,clientAuth\n"
        + "subjectKeyIdentifier=hash\nkeyUsage=critical,digitalSignature\n"
    try write("\(stem).ext", extensions + "authorityKeyIdentifier=keyid\n" + more)
    try openssl(
      "x509 -req -in \(stem).csr -CA \(issuer).crt -CAkey \(issuer).key -CAcreateserial -out \(stem).crt -days \(days)"
        + " -extfile \(stem).ext")
  }
}

extension InspectionReport {
  var codes: [FindingCode] { findings.map(\.code) }

  var certificates: [CertificateFacts] {
    items.compactMap { if case .certificate(let facts) = $0.content { facts } else { nil } }
  }

  var privateKeys: [PrivateKeyFacts] {
    items.compactMap { if case .privateKey(let facts) = $0.content { facts } else { nil } }
  }

  func finding(_ code: FindingCode) -> Finding? { findings.first { $0.code == code } }
}

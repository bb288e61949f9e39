import Credentials
import Foundation
import Systems
import X509

/// `out/requests`: what goes out to another PKI, and where its answers are put.
enum RequestFolder {
  static func path(_ request: FleetRequest) -> String { "\(request.output)/requests" }

  static func answer(_ system: String, _ node: String, _ request: FleetRequest) -> String {
    "\(path(request))/\(system)-\(node).crt"
  }

  private static func question(_ system: String, _ node: String, _ request: FleetRequest) -> String {
    "\(path(request))/\(system)-\(node).csr"
  }

  /// Writes the requests that wait for an answer, and takes away those that have it.
  static func write(_ waiting: [PendingKeys.Entry], answered systems: [SystemWork], _ request: FleetRequest) throws {
    for system in systems {
      for work in system.nodes where !waiting.contains(where: { $0.system == system.name && $0.node == work.node.name })
      {
        unlink(question(system.name, work.node.name, request))
      }
    }
    guard !waiting.isEmpty else { return }
    try OutputFiles.makeFolder(path(request), holdsKeys: false)
    var files = OutputFiles()
    for entry in waiting {
      let path = question(entry.system, entry.node, request)
      let text = entry.request ?? ""
      guard (try? InputFile.read(path)) != Array(text.utf8) else { continue }
      try files.add(text.utf8, path: path, access: .open)
    }
    try files.publish()
  }
}

/// A certificate that came back from another PKI.
struct ReturnedCertificate {
  let path: String
  let now: Date

  func holds(_ leaf: Certificate) throws -> Bool { try CertificateFile.read(path).contains(leaf) }

  func holds(_ key: Certificate.PublicKey) throws -> Bool {
    try CertificateFile.read(path).contains { $0.publicKey == key }
  }

  /// - Parameter trust: roots that the fleet file names; none takes those in the file itself.
  /// - Throws: ``CommandError`` (exit 1) for one that doesn't fit; nothing of it is used.
  func credential(
    _ publicKey: Certificate.PublicKey, key: Certificate.PrivateKey?, trust: [Certificate]
  ) throws -> NodeCredential? {
    let certificates = try CertificateFile.read(path)
    guard let leaf = certificates.first(where: { $0.publicKey == publicKey }) else {
      throw CommandError.refused(
        "\(path) holds no certificate for the key of its request",
        hint: "send the .csr beside it, and put the answer here; move an older answer away")
    }
    let others = certificates.filter { $0 != leaf }
    let roots = trust.isEmpty ? others.filter { $0.subject == $0.issuer } : trust
    guard !roots.isEmpty else {
      throw CommandError.usage(
        "\(path) holds no root, and the fleet file names none",
        hint: "authority: {external: true, trust: FILE}, with the roots of the PKI that signed")
    }
    let verdict = verify(
      PathRequest(
        leaf: .parsed(leaf), intermediates: others.map { .parsed($0) }, trust: roots.map { .parsed($0) }, at: now))
    if let rejection = verdict.rejection {
      throw CommandError.refused("\(path) is refused: \(rejection.message)", hint: rejection.hint)
    }
    return NodeCredential(
      leaf: leaf, intermediates: others.filter { $0.subject != $0.issuer }, key: key, trust: roots)
  }
}

import Credentials
import Foundation
import Ledger
import LedgerSQLite
import X509

/// An issuer that is about to join a home.
struct NewIssuer {
  enum Origin: String {
    case created, imported, intermediate

    var event: EventKind {
      switch self {
      case .created: .authorityCreated
      case .imported: .authorityImported
      case .intermediate: .intermediateIssued
      }
    }
  }

  var number: Int
  var certificate: Certificate
  /// The certificates above it, nearest first.
  var chain: [Certificate]
  var key: Certificate.PrivateKey
  var origin: Origin
}

/// Puts issuers into a home.
struct AuthoritySetup {
  let home: Home

  /// Writes key, certificate, ledger and configuration. The certificate's name comes last: an issuer exists once it
  /// does, so whatever interrupts this leaves either nothing or all.
  func store(_ issuer: NewIssuer, passphrase: String?) async throws -> Authority {
    try OutputFiles.makeFolder(home.path, holdsKeys: true)
    try OutputFiles.makeFolder(home.authorityPath, holdsKeys: true)
    // Of two that create at once, the second finds the first's work and is refused.
    let lock = try FolderLock(home.authorityPath)
    defer { lock.release() }
    guard !OutputFiles.exists(home.certificatePath(issuer.number)) else {
      throw CommandError.usage(
        "\(home.path) already holds issuer \(issuer.number)", hint: "`countersign ca show` shows it")
    }
    let ledger = try SQLiteLedger.openOrCreate(home.ledgerPath)
    var files = OutputFiles()
    if !OutputFiles.exists(home.configurationPath) {
      try files.add(HomeConfiguration.template.utf8, path: home.configurationPath, access: .open)
    }
    try removeOrphanedKey(issuer.number)
    try files.add(
      try KeyFile.pem(issuer.key, passphrase: passphrase), path: home.keyPath(issuer.number), access: .secret,
      isExclusive: true)
    try files.add(
      try CertificateFile.pem([issuer.certificate] + issuer.chain), path: home.certificatePath(issuer.number),
      access: .open, isExclusive: true)
    try files.publish()
    try await ledger.append(
      EventEntry(
        kind: issuer.origin.event, actor: operatorName(), subject: "issuer-\(issuer.number)",
        detail: [
          "origin": issuer.origin.rawValue, "name": "\(issuer.certificate.subject)",
          "sha256": try Fingerprint(issuer.certificate).description,
        ]), at: Date())
    return try home.authority()
  }

  /// A key without its certificate is what an interrupted run left behind; it never signed anything.
  private func removeOrphanedKey(_ number: Int) throws {
    guard !OutputFiles.exists(home.certificatePath(number)), OutputFiles.exists(home.keyPath(number)) else { return }
    try FileManager.default.removeItem(atPath: home.keyPath(number))
  }
}

/// Who runs this command, for the record.
func operatorName() -> String {
  let user = ProcessInfo.processInfo.environment["SUDO_USER"] ?? NSUserName()
  return user.isEmpty ? "uid \(getuid())" : user
}

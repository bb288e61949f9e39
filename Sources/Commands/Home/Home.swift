import Credentials
import Formats
import Foundation
import Glibc
import Ledger
import LedgerSQLite
import TLSRuntime
import X509

/// The folder in which an authority lives: its issuers, its ledger, its configuration.
struct Home: Sendable {
  let path: String

  init(_ option: String?, environment: [String: String] = ProcessInfo.processInfo.environment) {
    if let named = option ?? environment["COUNTERSIGN_HOME"], !named.isEmpty {
      path = named
    } else if geteuid() == 0 {
      path = "/var/lib/countersign"
    } else {
      path = (environment["HOME"] ?? NSHomeDirectory()) + "/.countersign"
    }
  }

  var authorityPath: String { path + "/authority" }
  var ledgerPath: String { path + "/ledger.db" }
  var configurationPath: String { path + "/config.yaml" }

  func certificatePath(_ number: Int) -> String { "\(authorityPath)/issuer-\(number).crt" }
  func keyPath(_ number: Int) -> String { "\(authorityPath)/issuer-\(number).key" }

  /// The numbers of the issuers here, lowest first. An issuer exists once its certificate does.
  func issuerNumbers() throws -> [Int] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: authorityPath)
    } catch {
      // A folder that may not be looked into is not an empty one.
      guard access(authorityPath, R_OK | X_OK) != 0, errno != ENOENT, errno != ENOTDIR else { return [] }
      throw FileFailure(.read, authorityPath, errno)
    }
    return names.compactMap { name in
      guard name.hasPrefix("issuer-"), name.hasSuffix(".crt") else { return nil }
      return Int(name.dropFirst("issuer-".count).dropLast(".crt".count))
    }.sorted()
  }

  /// - Throws: a ``CommandError`` (exit 2) where the home already holds an authority.
  func requireEmpty() throws {
    guard try issuerNumbers().isEmpty else {
      throw CommandError.usage(
        "\(path) already holds an authority",
        hint:
          "`countersign ca show` shows it; use another --home for a second one, or `ca intermediate` for the next issuer"
      )
    }
  }

  /// - Throws: a ``CommandError`` (exit 2) where there is none.
  func authority() throws -> Authority {
    let numbers = try issuerNumbers()
    guard !numbers.isEmpty else {
      if try holdsRecordOnly {
        throw CommandError.usage(
          "there is no authority in \(path), but the record of one that lies in files",
          hint: "bring it in with `countersign ca import --cert FILE --key FILE`")
      }
      throw CommandError.usage(
        "there is no authority in \(path)",
        hint: "make one with `countersign ca create --name NAME`, or name its folder with --home")
    }
    return Authority(home: self, issuers: try numbers.map(issuer))
  }

  /// Whether there is a ledger without an authority: a fleet's own, in files, has issued.
  var holdsRecordOnly: Bool {
    get throws { try issuerNumbers().isEmpty && OutputFiles.exists(ledgerPath) }
  }

  /// Opens the record of this authority for writing.
  func ledger() throws -> SQLiteLedger { try open(.readWrite) }

  /// Opens the record for reading, which also works on a read-only file system.
  func ledgerForReading() throws -> SQLiteLedger { try open(.readOnly) }

  /// An authority without its ledger is not a new one: what it issued is only known from a backup.
  private func open(_ mode: SQLiteLedger.Access) throws -> SQLiteLedger {
    if mode == .readWrite, OutputFiles.exists(ledgerPath) {
      // SQLite says of a folder in which it can't write its log that it can't open the file.
      for place in [ledgerPath, path] where access(place, W_OK) != 0 { throw FileFailure(.write, place, errno) }
    }
    do throws(LedgerError) {
      return try SQLiteLedger.open(ledgerPath, mode)
    } catch {
      guard case .missing(let path) = error, try !issuerNumbers().isEmpty else { throw error }
      throw CommandError.environment(
        "the ledger of this authority is missing: \(path)",
        hint: "bring it back from a backup with `countersign ledger restore FILE`")
    }
  }

  func configuration() throws -> HomeConfiguration { try HomeConfiguration.load(configurationPath) }

  private func issuer(_ number: Int) throws -> StoredIssuer {
    let path = certificatePath(number)
    let certificates = try CertificateFile.read(path)
    guard let certificate = certificates.first else { throw CommandError.usage("\(path) holds no certificate") }
    return StoredIssuer(
      number: number, certificate: certificate, chain: Array(certificates.dropFirst()), keyPath: keyPath(number))
  }
}

/// An issuer as it is stored: the certificate and those above it, and a key that has not been opened.
struct StoredIssuer: Sendable {
  let number: Int
  let certificate: Certificate
  /// The certificates above it, nearest first, the root last where it is known.
  let chain: [Certificate]
  let keyPath: String

  var isRoot: Bool { certificate.subject == certificate.issuer }

  /// Those above it, without a root: what a leaf is delivered with after this issuer's own certificate.
  var intermediates: [Certificate] {
    (isRoot ? [] : [certificate]) + chain.filter { $0.subject != $0.issuer }
  }

  var root: Certificate? { isRoot ? certificate : chain.last { $0.subject == $0.issuer } }

  func reference() throws -> IssuerReference {
    try IssuerReference(publicKey: certificate.publicKey, ordinal: number)
  }

  /// Opens the key.
  /// - Throws: ``FormatError/wrongPassphrase`` (exit 2), ``FileFailure``.
  func unlock(_ source: PassphraseSource) throws -> Issuer {
    let key = try KeyFile.read(keyPath) { try source.existing(for: "the CA key \(keyPath)") }
    return try Issuer(certificate: certificate, intermediates: intermediates, key: key)
  }
}

/// An authority: its home and its issuers, lowest number first, at least one.
struct Authority: Sendable {
  let home: Home
  let issuers: [StoredIssuer]

  /// The highest-numbered issuer signs.
  func signing() throws -> StoredIssuer {
    guard let last = issuers.last else { throw CommandError.usage("there is no issuer in \(home.path)") }
    return last
  }

  /// What nodes trust: the roots, each once; an issuer whose root isn't known stands for itself.
  var trustBundle: [Certificate] {
    var seen: Set<Certificate> = []
    return issuers.map { $0.root ?? $0.certificate }.filter { seen.insert($0).inserted }
  }
}

import Credentials
import Formats
import Foundation
import Ledger
import LedgerSQLite
import Orchestrator
import Systems
import X509

/// Who signs for a system of a fleet.
struct FleetAuthority {
  enum Access {
    /// An issuer that exists; its key is opened only when something has to be signed.
    case present(issuer: StoredIssuer, open: () throws -> Desk)
    /// It is made on the first apply.
    case missing(Home, name: String)
    /// Requests go out, certificates come back.
    case external
    /// A running orchestrator, and the certificate that it signs with.
    case remote(RemoteAdministration, issuer: Certificate)
  }

  /// How the fleet file names it.
  let source: AuthorityDeclaration.Source
  let access: Access
  /// Whose policy holds.
  let home: Home
  /// What nodes are told to trust.
  let trust: [Certificate]
  /// All certificates that may have signed what the nodes have.
  let issuers: [Certificate]
  /// The record of what it issued; nil where there is none yet.
  let ledger: SQLiteLedger?

  var isExternal: Bool { if case .external = access { true } else { false } }

  var title: String {
    switch access {
    case .present(let issuer, _): "\(issuer.certificate.subject)"
    case .missing(_, let name): "CN=\(name)"
    case .external: "external"
    case .remote(let orchestrator, let issuer): "\(issuer.subject), at \(orchestrator.url)"
    }
  }

  /// The certificate that signs; nil where there is none yet, or it isn't ours.
  var signing: Certificate? {
    switch access {
    case .present(let issuer, _): issuer.certificate
    case .remote(_, let issuer): issuer
    case .missing, .external: nil
    }
  }

  /// Whether the record says so.
  func hasRevoked(_ certificate: Certificate) async throws -> Bool {
    if case .remote(let orchestrator, _) = access {
      do {
        let state = try await orchestrator.certificate(certificate.serialNumber.hex).certificate.state
        return state == CertificateState.revoked.rawValue
      } catch let error as CommandError where error.kind == .refused {
        // It knows no such certificate: another authority issued it.
        return false
      }
    }
    guard let ledger else { return false }
    let der = try certificate.derBytes()
    return try await ledger.records(of: certificate.serialNumber).contains {
      $0.state == .revoked && $0.issuance?.certificate == der
    }
  }
}

/// Finds the authorities that a fleet file names, each once.
struct AuthorityResolver {
  let home: Home
  let access: AccessOptions
  let passphrase: PassphraseSource
  let now: Date
  /// From a path as the fleet file gives it to one that can be opened.
  let absolute: (String) -> String

  /// - Throws: ``FleetError`` where it is named wrongly, has expired, or can't be used here.
  func resolve(_ declaration: AuthorityDeclaration) async throws -> FleetAuthority {
    switch declaration.source {
    case .home(let path, let name):
      return try inHome(path.map { Home(absolute($0)) } ?? home, name: name, declaration)
    case .files(let certificate, let key): return try inFiles(certificate, key, declaration)
    case .external(let trust):
      let roots = try trust.map { file in try named(file) { try CertificateFile.read(absolute(file.path)) } } ?? []
      return FleetAuthority(
        source: declaration.source, access: .external, home: home, trust: roots, issuers: [], ledger: nil)
    case .orchestrator(let url): return try await running(url, declaration)
    }
  }

  private func running(_ url: String, _ declaration: AuthorityDeclaration) async throws -> FleetAuthority {
    do {
      let orchestrator = try access.administration(at: try OrchestratorAddress(url))
      let authority = try await orchestrator.authority()
      let roots = try CertificateFile.parse(Array(authority.roots.utf8), path: "the orchestrator's answer")
      let issuers = try await orchestrator.authorityCertificates()
      let hash = authority.issuers.first(where: \.signs)?.sha256
      guard let signing = try issuers.first(where: { try Fingerprint($0).description == hash }) else {
        throw RemoteAdministration.incomprehensible
      }
      return FleetAuthority(
        source: declaration.source, access: .remote(orchestrator, issuer: signing), home: home, trust: roots,
        issuers: issuers, ledger: nil)
    } catch let error as any ExplainedError {
      throw FleetError(error, at: declaration.place)
    }
  }

  private func inHome(_ home: Home, name: String?, _ declaration: AuthorityDeclaration) throws -> FleetAuthority {
    guard try !home.issuerNumbers().isEmpty else {
      return FleetAuthority(
        source: declaration.source, access: .missing(home, name: name ?? "Countersign CA"), home: home, trust: [],
        issuers: [], ledger: nil)
    }
    let authority = try home.authority()
    if let name, !authority.issuers.contains(where: { $0.certificate.subject.commonName == name }) {
      let names = authority.issuers.compactMap { $0.certificate.subject.commonName }.joined(separator: ", ")
      throw FleetError(
        "\(home.path) holds the authority \(names), and the fleet file names \(name)",
        advice: "name it as it is, or keep the other one in a home of its own: {home: DIR, name: NAME}",
        at: declaration.place)
    }
    let stored = try authority.signing()
    try requireValid(stored.certificate, declaration)
    return FleetAuthority(
      source: declaration.source,
      access: .present(issuer: stored) { try Desk(authority, signing: stored, source: passphrase) }, home: home,
      trust: authority.trustBundle, issuers: authority.issuers.map(\.certificate), ledger: try home.ledgerForReading())
  }

  /// The certificate that signs is the one that the key belongs to, wherever it stands in its file.
  private func inFiles(
    _ certificate: InputReference, _ keyReference: InputReference, _ declaration: AuthorityDeclaration
  ) throws -> FleetAuthority {
    let certificates = try named(certificate) { try CertificateFile.read(absolute(certificate.path)) }
    let keyFile = absolute(keyReference.path)
    let key = try named(keyReference) {
      try KeyFile.read(keyFile) { try passphrase.existing(for: "the CA key \(keyFile)") }
    }
    guard let signing = certificates.first(where: { $0.publicKey == key.publicKey }) else {
      throw FleetError(
        "the key \(keyReference.path) belongs to no certificate in \(certificate.path)",
        advice: "name the key that was made for it", at: declaration.place)
    }
    try requireValid(signing, declaration)
    let above = certificates.filter { $0 != signing && $0.subject != $0.issuer && isAbove($0, signing, certificates) }
    let stored = StoredIssuer(number: 1, certificate: signing, chain: above, keyPath: keyFile)
    let issuer = try Issuer(certificate: signing, intermediates: stored.intermediates, key: key)
    let home = home
    return FleetAuthority(
      source: declaration.source,
      access: .present(issuer: stored) {
        try OutputFiles.makeFolder(home.path, holdsKeys: true)
        return Desk(
          issuer: issuer, reference: try stored.reference(), ledger: try SQLiteLedger.openOrCreate(home.ledgerPath))
      }, home: home,
      // All of the file: it is what the nodes were given, and others may have been appended to it on purpose.
      trust: [signing] + certificates.filter { $0 != signing },
      issuers: certificates, ledger: OutputFiles.exists(home.ledgerPath) ? try home.ledgerForReading() : nil)
  }

  /// Says where the fleet file names a file that can't be used.
  private func named<Value>(_ file: InputReference, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as any ExplainedError { throw FleetError(error, at: file.place) }
  }

  private func isAbove(_ candidate: Certificate, _ signing: Certificate, _ all: [Certificate]) -> Bool {
    var current = signing
    for _ in all {
      if current.issuer == candidate.subject { return true }
      guard let next = all.first(where: { $0.subject == current.issuer && $0 != current }) else { return false }
      current = next
    }
    return false
  }

  private func requireValid(_ certificate: Certificate, _ declaration: AuthorityDeclaration) throws {
    guard certificate.notValidAfter > now else {
      throw FleetError(
        "the authority \(certificate.subject) expired at \(rfc3339(certificate.notValidAfter))",
        advice: "make another one, and name it here", at: declaration.place, kind: .refused)
    }
  }
}

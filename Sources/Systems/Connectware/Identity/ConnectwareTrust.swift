import Credentials
import Formats
import X509

/// What Connectware trusts, and the custom authority that it is to trust besides (steps C2 to C4).
struct ConnectwareTrust {
  private let installation: ConnectwareInstallation
  private let files: InputFiles

  init(_ installation: ConnectwareInstallation, files: InputFiles) {
    self.installation = installation
    self.files = files
  }

  /// `cybus_ca.crt` as it is to be: what it holds now, first, then what is added. Each certificate once.
  /// - Parameter trust: the roots of the authority that signs the agents.
  func bundle(adding trust: [Certificate]) throws(FleetError) -> [Certificate] {
    var bundle: [Certificate] = []
    if let file = installation.caFile, !file.isOptional || files[file.path] != nil { bundle = try certificates(file) }
    if let chain = installation.customAuthority?.chain {
      bundle += try certificates(chain)
    } else if installation.customAuthority != nil || bundle.isEmpty {
      bundle += trust
    }
    var seen: Set<Certificate> = []
    return bundle.filter { seen.insert($0).inserted }
  }

  /// Holds a custom authority's files against each other, before anything is signed.
  /// - Parameter host: the host that agents dial.
  /// - Throws: ``FleetError`` for files that are missing or don't fit; `.refused` for a partner's intermediate.
  func check(host: String) throws(FleetError) {
    guard let custom = installation.customAuthority else { return }
    let bundle = try bundle(adding: [])
    if let chain = custom.chain { try checkOrder(try certificates(chain), file: chain) }
    for authority in bundle {
      if let problem = authority.authorityProblem {
        throw refusal("\(Self.name(authority)) is no certificate authority: \(problem)", at: custom.place)
      }
      if let problem = ConnectwareIdentityRule.partnerProblem(authority) {
        throw FleetError(
          "\(problem.what), and \(problem.why)", advice: problem.fix, at: custom.chain?.place ?? custom.place,
          kind: .refused)
      }
    }
    if let server = custom.server { try checkServer(server, bundle: bundle, host: host) }
  }

  private func checkOrder(_ chain: [Certificate], file: InputReference) throws(FleetError) {
    for (certificate, next) in zip(chain, chain.dropFirst()) {
      // After a root, another chain may begin.
      guard certificate.subject != certificate.issuer, !ConnectwareIdentityRule.issued(next, certificate) else {
        continue
      }
      throw FleetError(
        "\(file.path) is out of order: \(Self.name(certificate)) is not signed by what follows it, \(Self.name(next))",
        advice: "the issuing authority comes first, and each is signed by the next", at: file.place)
    }
  }

  private func checkServer(
    _ server: (certificate: InputReference, key: InputReference), bundle: [Certificate], host: String
  ) throws(FleetError) {
    let chain = try certificates(server.certificate)
    guard let leaf = chain.first else { return }
    let key: Certificate.PrivateKey
    do {
      key = try KeyCoding.decode(try files[server.key], passphrase: nil, legacy: nil)
    } catch let error as FleetError {
      throw error
    } catch let error as FormatError where error == .passphraseNeeded {
      throw FleetError(
        "\(server.key.path) is encrypted, and Connectware can't decrypt it", advice: "give it unencrypted",
        at: server.key.place)
    } catch {
      throw FleetError("\(server.key.path) is no private key", at: server.key.place)
    }
    guard key.publicKey == leaf.publicKey else {
      throw refusal(
        "\(server.key.path) is not the key of \(server.certificate.path)", at: server.key.place,
        advice: "name the key that the certificate was requested with")
    }
    if let usages = try? leaf.extensions.extendedKeyUsage, !usages.contains(.serverAuth), !usages.contains(.any) {
      throw refusal(
        "\(server.certificate.path) is not for a server: its extendedKeyUsage lacks serverAuth",
        at: server.certificate.place, advice: "issue it with the profile server or node")
    }
    guard ConnectwareIdentityRule.leads(chain, to: bundle) else {
      throw refusal(
        "\(server.certificate.path) is by \(leaf.issuer), which Connectware's agents would not trust",
        at: server.certificate.place, advice: "have the custom authority sign it")
    }
    if let name = ReferenceName(host), let reason = CertificateInput.parsed(leaf).nameMismatch(name) {
      throw refusal(
        "\(server.certificate.path) doesn't name the host that agents dial: \(reason.message)",
        at: server.certificate.place, advice: "issue it with \(host) as subjectAltName")
    }
  }

  /// The certificates of a PEM file, first to last.
  private func certificates(_ file: InputReference) throws(FleetError) -> [Certificate] {
    do {
      let blocks = try PEM.parse(try files[file]).filter(PEM.isCertificate)
      guard !blocks.isEmpty else { throw FormatError.notPEM("a certificate") }
      return try blocks.map { try Certificate(derEncoded: $0.der) }
    } catch let error as FleetError {
      throw error
    } catch let error as FormatError {
      throw FleetError("\(file.path): \(error.message)", advice: error.hint, at: file.place)
    } catch {
      throw FleetError("\(file.path) holds a certificate that can't be decoded", at: file.place)
    }
  }

  private func refusal(_ what: String, at place: YAMLTree.Place, advice: String? = nil) -> FleetError {
    FleetError(what, advice: advice, at: place, kind: .refused)
  }

  private static func name(_ certificate: Certificate) -> String {
    "\"\(certificate.subject.commonName ?? "\(certificate.subject)")\""
  }
}

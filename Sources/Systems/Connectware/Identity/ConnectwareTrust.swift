import Credentials
import Formats
import SwiftASN1
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
  /// - Parameter trust: what the authority that signs the agents is known by.
  func bundle(adding trust: [Certificate]) throws(FleetError) -> [Certificate] {
    let custom = installation.customAuthority
    var bundle: [Certificate] = []
    if let file = custom?.bundle { bundle += try certificates(file) }
    if custom?.bundle == nil || custom?.chain == nil { bundle += trust }
    if let chain = custom?.chain { bundle += try certificates(chain) }
    var seen: Set<Certificate> = []
    return bundle.filter { seen.insert($0).inserted }
  }

  /// Holds a custom authority's files against each other, before anything is signed.
  /// - Parameters:
  ///   - host: the host that agents dial.
  ///   - trust: as in ``bundle(adding:)``; nil where it isn't known yet.
  /// - Throws: ``FleetError`` for files that are missing or don't fit; `.refused` for a partner's intermediate.
  func check(host: String, trust: [Certificate]?) throws(FleetError) {
    guard let custom = installation.customAuthority else { return }
    let bundle = try bundle(adding: trust ?? [])
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
    guard let server = custom.server else { return }
    let chain = try checkServer(server, host: host)
    guard custom.chain != nil || trust != nil, !ConnectwareIdentityRule.leads(chain, to: bundle) else { return }
    throw refusal(
      "\(server.certificate.path) doesn't lead to an authority that agents will trust", at: server.certificate.place,
      advice: "have the custom authority sign it")
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
    _ server: (certificate: InputReference, key: InputReference), host: String
  ) throws(FleetError) -> [Certificate] {
    let chain = try certificates(server.certificate)
    guard let leaf = chain.first else { return chain }
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
    if let name = ReferenceName(host), let reason = CertificateInput.parsed(leaf).nameMismatch(name) {
      throw refusal(
        "\(server.certificate.path) doesn't name the host that agents dial: \(reason.message)",
        at: server.certificate.place, advice: "issue it with \(host) as subjectAltName")
    }
    return chain
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

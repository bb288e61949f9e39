import Credentials
import Formats
import Foundation
import X509

/// The CAs of an organization, in the objects that the orchestrator reads.
struct SubstraOrganizationCAs: Sendable {
  var mspID: String
  /// Names under clientCACerts.
  var objects: [String]
  /// Those of the objects that hold an organization's own CA, and not ours.
  var own: [SubstraCAObject]
  /// The certificates that the rule looks at: the first of each object.
  var first: [Certificate]
}

/// Whom the orchestrator trusts, and for which organization.
struct SubstraAuthorities: Sendable {
  /// The CA that signs for us first, then its roots: what proves the orchestrator to backends and probes.
  let server: [Certificate]
  private let orchestrator: Substra.Orchestrator
  private let supply: Supply

  init(_ orchestrator: Substra.Orchestrator, _ supply: Supply) {
    self.orchestrator = orchestrator
    self.supply = supply
    let credential = supply.credentials[Substra.orchestratorNode]
    let roots = supply.trust + (credential?.trust ?? [])
    let signer = supply.issuer ?? credential.flatMap { Self.issuer(of: $0.leaf, among: $0.chain.dropFirst() + roots) }
    server = Self.unique([signer].compactMap { $0 } + roots)
  }

  /// One object per CA: of a second certificate in an object, the orchestrator's rule would see nothing.
  /// - Parameter source: of the organization's backend; nil where the fleet has none.
  /// - Throws: ``FleetError`` for files of clientCAs that hold no CA, or one that Substra can't be protected from.
  func organization(_ mspID: String, source: Node.Source?) throws(FleetError) -> SubstraOrganizationCAs {
    let declared = try declaredCAs(mspID)
    let issuer = source.flatMap { issuing(mspID, $0, known: declared + server) }
    let all = Self.unique([issuer].compactMap { $0 } + declared)
    var result = SubstraOrganizationCAs(mspID: mspID, objects: [], own: [], first: all)
    for certificate in all {
      if certificate == server.first {
        result.objects.append(SubstraNames.serverCA)
      } else {
        let name = SubstraNames.clientCA(mspID, number: result.own.count + 1)
        result.objects.append(name)
        result.own.append(
          SubstraCAObject(
            name: name, namespace: orchestrator.namespace, kind: .init(orchestrator: orchestrator.chart),
            certificates: [certificate]))
      }
    }
    return result
  }

  /// The CA that signs, or signed, the certificate of an organization's backend.
  private func issuing(_ mspID: String, _ source: Node.Source, known: [Certificate]) -> Certificate? {
    if let credential = supply.credentials[mspID] {
      let candidates = known + credential.chain.dropFirst() + credential.trust
      return Self.issuer(of: credential.leaf, among: candidates.filter { !PartnerIntermediate.isOne($0) })
    }
    // Its certificate hasn't come yet: whoever signs for the others will sign this one too.
    if case .given = source { return nil }
    return supply.issuer ?? supply.trust.first
  }

  private static func issuer(of leaf: Certificate, among candidates: [Certificate]) -> Certificate? {
    candidates.first { $0.subject == leaf.issuer && $0.publicKey.isValidSignature(leaf.signature, for: leaf) }
  }

  private func declaredCAs(_ mspID: String) throws(FleetError) -> [Certificate] {
    guard let entry = orchestrator.clientCAs.first(where: { $0.mspID == mspID }) else { return [] }
    var all: [Certificate] = []
    for file in entry.files { all += try Self.certificates(file, mspID, supply) }
    // An intermediate before the CA above it.
    return all.filter { $0.issuer != $0.subject } + all.filter { $0.issuer == $0.subject }
  }

  private static func certificates(
    _ file: InputReference, _ mspID: String, _ supply: Supply
  ) throws(FleetError) -> [Certificate] {
    func failure(_ problem: String, _ advice: String, _ kind: FailureKind = .badInput) -> FleetError {
      FleetError("\(file.path) \(problem)", advice: advice, at: file.place, kind: kind)
    }
    let bytes = try supply.files[file]
    let blocks: [PEM.Block]
    do {
      blocks = try PEM.parse(bytes)
    } catch {
      throw FleetError("\(file.path): \(error.message)", advice: error.hint, at: file.place)
    }
    guard !blocks.contains(where: KeyCoding.isPrivateKey) else {
      throw failure("holds a private key", "a CA's key stays with its owner; name a file with its certificate alone")
    }
    var certificates: [Certificate] = []
    for block in blocks where PEM.isCertificate(block) {
      guard let certificate = CertificateInput(der: block.der).certificate else {
        throw failure("can't be read at line \(block.line)", "`countersign inspect \(file.path)` says why")
      }
      try check(certificate, of: mspID, at: supply.now, failure)
      certificates.append(certificate)
    }
    guard !certificates.isEmpty else { throw failure("holds no certificate", "name the organization's CA certificate") }
    return certificates
  }

  private static func check(
    _ certificate: Certificate, of mspID: String, at now: Date,
    _ failure: (String, String, FailureKind) -> FleetError
  ) throws(FleetError) {
    let name = PartnerIntermediate.name(of: certificate)
    guard case .isCertificateAuthority? = try? certificate.extensions.basicConstraints else {
      throw failure(
        "holds \(name), which is no CA", "name the CA that signed the certificate of \(mspID), not the certificate",
        .badInput)
    }
    guard certificate.subjectKey != nil else {
      throw failure(
        "holds \(name), which has no subjectKeyIdentifier",
        "the orchestrator recognises a CA by that extension: have \(mspID) make one with it", .refused)
    }
    guard certificate.notValidAfter > now else {
      throw failure("holds \(name), which has expired", "ask \(mspID) for the CA that signs now", .refused)
    }
    guard !PartnerIntermediate.isOne(certificate) else {
      throw failure(
        "holds \(name), an intermediate that is limited to certain names: Substra doesn't hold it to them",
        "have \(mspID) send a certificate signing request, and name that as csr", .refused)
    }
  }

  private static func unique(_ certificates: [Certificate]) -> [Certificate] {
    certificates.reduce(into: []) { all, certificate in if !all.contains(certificate) { all.append(certificate) } }
  }
}

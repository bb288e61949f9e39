import ArgumentParser
import Credentials
import Foundation
import Glibc
import Ledger
import X509

struct CAIntermediate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intermediate", abstract: "Sign another authority: the next issuer here, or a partner's.",
    discussion: """
      Without -o and --csr the new issuer joins this home and signs from then on.
        countersign ca intermediate --name "Example Issuing CA 2"
      With --csr the partner's key stays with the partner; the limits are what makes it safe:
        countersign ca intermediate --name "ORG2 CA" --csr org2.csr --permit-org ORG2 --permit-dns org2.example
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("The new authority's common name.", valueName: "name")) var name: String
  @Option(help: ArgumentHelp("Its organization; --permit-org unless given.", valueName: "org")) var org: String?
  @Option(help: ArgumentHelp("The partner's certificate signing request.", valueName: "file")) var csr: String?
  @Option(help: ArgumentHelp("The kind of key, where one is made: \(KeyKind.list).", valueName: "kind")) var key:
    KeyKind = .p256
  @Option(help: ArgumentHelp("How long it is valid.", valueName: "duration"))
  var lifetime = DurationArgument(.seconds(3 * 365 * 86_400))
  @Option(name: .shortAndLong, help: ArgumentHelp("Write NAME.crt (and NAME.key) and ca.crt here.", valueName: "dir"))
  var out: String?
  @OptionGroup var passphrase: NewPassphraseOptions
  @OptionGroup var constraints: ConstraintOptions

  func validate() throws {
    if name.contains("/") || name.isEmpty { throw ValidationError("--name must not be empty or contain a slash") }
  }

  func run() async throws {
    let authority = try Home(common.home).authority()
    let plan = try constraints.plan(
      name: name, organization: org ?? constraints.permitOrg, lifetime: lifetime.duration)
    guard let parent = authority.issuers.last(where: \.mayCertifyAuthorities) else {
      throw IssuanceError.mayNotCertifyAuthorities
    }
    if csr != nil, plan.constraints.isEmpty {
      common.console.warn(
        "nothing limits what the partner may certify: any name, also yours; limit it with --permit-org and --permit-dns"
      )
    }
    for warning in plan.constraints.warnings { common.console.warn(warning) }
    // Everything that can be refused is, before a passphrase is asked for.
    let partnerKey = try csr.map(readPartnerKey)
    if partnerKey == nil, let out, OutputFiles.exists("\(out)/\(name).key") {
      throw FileFailure(.write, "\(out)/\(name).key", EEXIST)
    }
    let privateKey = partnerKey == nil ? try key.generate() : nil
    guard let publicKey = partnerKey ?? privateKey?.publicKey else { return }
    let secret = privateKey == nil ? nil : try passphrase.newPassphrase(for: "the CA keys")
    let desk = try Desk(authority, signing: parent, source: passphrase.passphrase.source)
    let issued = try await desk.issueIntermediate(plan, key: publicKey)
    let chain = [parent.certificate] + parent.chain
    if let privateKey, out == nil {
      let issuer = NewIssuer(
        number: (authority.issuers.last?.number ?? 0) + 1, certificate: issued.certificate, chain: chain,
        key: privateKey, origin: .intermediate)
      let updated = try await AuthoritySetup(home: authority.home).store(issuer, passphrase: secret)
      return try common.console.report(try AuthorityFacts(updated))
    }
    try deliver(issued, chain: chain, key: privateKey, passphrase: secret, authority: authority)
  }

  private func deliver(
    _ issued: IssuedCertificate, chain: [Certificate], key: Certificate.PrivateKey?, passphrase: String?,
    authority: Authority
  ) throws {
    let folder = out ?? OutputFiles.folder(of: csr ?? ".")
    try OutputFiles.makeFolder(folder, holdsKeys: key != nil)
    var files = OutputFiles()
    var written: [String] = []
    if let key {
      written.append("\(folder)/\(name).key")
      try files.add(
        try KeyFile.pem(key, passphrase: passphrase), path: "\(folder)/\(name).key", access: .secret, isExclusive: true)
    }
    let intermediates = chain.filter { $0.subject != $0.issuer }
    try files.add(
      try CertificateFile.pem([issued.certificate] + intermediates), path: "\(folder)/\(name).crt", access: .open)
    common.console.warnOfForeignBundle(at: "\(folder)/ca.crt", replacedBy: authority.trustBundle)
    try files.add(try CertificateFile.pem(authority.trustBundle), path: "\(folder)/ca.crt", access: .open)
    try files.publish()
    written += ["\(folder)/\(name).crt", "\(folder)/ca.crt"]
    try common.console.report(
      IssuedFacts(
        issued, names: [], profile: "authority", files: written, constraints: issued.certificate.nameConstraintTexts))
  }

  /// A partner's request says which key; what is certified, the operator says.
  private func readPartnerKey(_ path: String) throws -> Certificate.PublicKey {
    let signed = try RequestFile.read(path).request.signed
    guard signed.publicKey.isValidSignature(signed.signature, for: signed) else { throw RequestError.brokenSignature }
    return signed.publicKey
  }
}

extension StoredIssuer {
  /// Whether its path length leaves room for another authority below it (RFC 5280 §4.2.1.9).
  var mayCertifyAuthorities: Bool { certificate.mayCertifyAuthorities }
}

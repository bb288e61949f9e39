import ArgumentParser
import Credentials
import Foundation
import X509

struct CAImport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take over an authority that openssl, easy-rsa or another tool made.",
    discussion: """
      The certificate file may hold several certificates; the one that belongs to the key is found by the key.
        countersign ca import --cert cybus_ca.crt --key cybus_ca.key --passphrase-file new.pass
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("The authority's certificate, alone or with others.", valueName: "file")) var cert: String
  @Option(help: ArgumentHelp("Its private key: PKCS#1, SEC1 or PKCS#8, plain or encrypted.", valueName: "file"))
  var key: String
  @Option(help: ArgumentHelp("A file that holds the passphrase of that key file.", valueName: "file"))
  var keyPassphraseFile: String?
  @OptionGroup var passphrase: NewPassphraseOptions

  func run() async throws {
    let home = Home(common.home)
    try home.requireEmpty()
    let certificates = try CertificateFile.read(cert)
    let privateKey = try KeyFile.read(key) {
      if let keyPassphraseFile { return try PassphraseSource.read(keyPassphraseFile) }
      guard let typed = try Terminal.readSecret("Passphrase for \(key): ") else {
        throw CommandError.usage(
          "\(key) is encrypted", hint: "name a file that holds its passphrase with --key-passphrase-file")
      }
      return typed
    }
    let found = try ImportedAuthority(certificates, key: privateKey, certificatePath: cert, keyPath: key)
    for warning in found.warnings(at: Date()) { common.console.warn(warning) }
    let secret = try passphrase.newPassphrase(for: "the stored CA key")
    let issuer = NewIssuer(
      number: 1, certificate: found.certificate, chain: found.chain, key: privateKey, origin: .imported)
    let authority = try await AuthoritySetup(home: home).store(issuer, passphrase: secret)
    try common.console.report(try AuthorityFacts(authority))
  }
}

/// What is taken from a file of certificates: the one that belongs to the key, and those above it.
struct ImportedAuthority {
  let certificate: Certificate
  let chain: [Certificate]
  let others: [Certificate]

  init(
    _ certificates: [Certificate], key: Certificate.PrivateKey, certificatePath: String, keyPath: String
  ) throws {
    guard let match = certificates.first(where: { $0.publicKey == key.publicKey }) else {
      throw CommandError.usage(
        "no certificate in \(certificatePath) belongs to the key \(keyPath)",
        hint: "`countersign inspect \(certificatePath) \(keyPath)` shows which belongs to which")
    }
    if let problem = match.authorityProblem { throw IssuanceError.notAnAuthority(problem) }
    certificate = match
    var chain: [Certificate] = []
    var tip = match
    while tip.issuer != tip.subject,
      let parent = certificates.first(where: { candidate in
        candidate.subject == tip.issuer && candidate != tip && !chain.contains(candidate)
          && candidate.publicKey.isValidSignature(tip.signature, for: tip)
      })
    {
      chain.append(parent)
      tip = parent
    }
    self.chain = chain
    others = certificates.filter { $0 != match && !chain.contains($0) }
  }

  func warnings(at now: Date) -> [String] {
    var warnings: [String] = []
    if certificate.version == .v1 {
      warnings.append(
        "this is a version 1 certificate without extensions, as `openssl x509 -req` makes it: some clients refuse it as an authority; plan its replacement"
      )
    }
    if certificate.notValidAfter < now {
      warnings.append("this authority expired \(rfc3339(certificate.notValidAfter)): it can't sign any more")
    }
    if KeyKind(certificate.publicKey) == nil {
      warnings.append("its key, \(certificate.publicKey.label), is too weak for new certificates")
    }
    if certificate.issuer != certificate.subject, !chain.contains(where: { $0.subject == $0.issuer }) {
      warnings.append(
        "its root is not in the file: nodes need it to trust what is signed here; add it with `countersign trust add`")
    }
    for other in others where other != certificate {
      warnings.append("\(other.subject) is in the file too, and was not imported: it does not belong to this key")
    }
    return warnings
  }
}

import ArgumentParser
import Credentials
import Formats
import Foundation
import X509

struct Request: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "request", abstract: "Make a private key and a certificate signing request, on the node.",
    discussion: """
      Writes NAME.key (0600) and NAME.csr. The key stays here; the request goes to whoever signs.
        countersign request node-1.example.org --ip 10.0.0.7
        countersign request bender-robots --key rsa4096 -o bender
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var identity: IdentityOptions

  func run() async throws {
    let subject = try identity.identity()
    let passphrase = try identity.keyPassphrase()
    let kind = identity.key ?? .p256
    let keyPath = identity.path(".key")
    if OutputFiles.exists(keyPath) { throw FileFailure(.write, keyPath, EEXIST) }
    let key = try kind.generate()
    let request = try CertificateRequest(subject, key: key)
    var files = OutputFiles()
    try files.makeFolder(identity.out, holdsKeys: true)
    try files.add(try KeyFile.pem(key, passphrase: passphrase), path: keyPath, access: .secret, isExclusive: true)
    let pem = PEM.encode("CERTIFICATE REQUEST", try request.signed.derBytes())
    try files.add(pem.utf8, path: identity.path(".csr"), access: .open)
    try files.publish()
    try common.console.report(
      RequestFacts(
        subject: "\(subject.subject)", names: subject.names.map(\.description), key: kind.label,
        files: [keyPath, identity.path(".csr")]))
  }
}

/// A request that was made here.
struct RequestFacts: Facts {
  var subject: String
  var names: [String]
  var key: String
  var files: [String]

  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      ("subject", subject),
      ("names", names.isEmpty ? "none: nothing dials this node by name" : names.joined(separator: ", ")),
      ("key", key), ("wrote", files.joined(separator: ", ")),
    ])
  }
}

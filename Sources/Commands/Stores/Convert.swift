import ArgumentParser
import Credentials
import Formats
import Foundation
import SwiftASN1
import TLSRuntime
import X509

struct Convert: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Write certificates and keys in another format, told by the ending of OUT.",
    discussion: """
      .pem  certificates, and the key where there is one    .crt  certificates alone
      .key  the private key, PKCS#8; encrypted with --out-password-file
      .der  one certificate, request, list or key           .p12 .pfx  PKCS#12      .jks  Java key store
      .yaml a Kubernetes Secret: kubernetes.io/tls with a key, else Opaque with ca.crt; named as the file
        countersign convert node.key node.crt -o node.p12 --out-password-file p12.pass
        countersign convert truststore.jks -o ca.pem --password-file store.pass
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("What to convert: any of these formats, told by its bytes.", valueName: "file"))
  var files: [String]
  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "out")) var out: String
  @OptionGroup var password: PasswordOptions
  @Option(
    help: ArgumentHelp(
      "A file that holds the password of OUT; of a store, --password-file's unless given.", valueName: "file"))
  var outPasswordFile: String?

  func run() async throws {
    var contents = FileContents()
    for file in files { try contents.read(file, password: password) }
    try contents.arrange()
    let format = try OutputFormat(path: out)
    let bytes = try encode(contents, format)
    try OutputFiles.write(bytes, path: out, access: format.holdsKey(contents) ? .secret : .open)
    try common.console.report(DoneFacts(action: "wrote \(contents.summary(in: format))", files: [out]))
  }

  private func encode(_ contents: FileContents, _ format: OutputFormat) throws -> [UInt8] {
    switch format {
    case .pem: return Array((try contents.pem(withKey: true)).utf8)
    case .certificates: return Array((try contents.pem(withKey: false)).utf8)
    case .key:
      guard let key = contents.key else {
        throw CommandError.usage("there is no private key in \(files.joined(separator: ", "))")
      }
      return try KeyFile.pem(key, passphrase: try outPasswordFile.map { try PassphraseSource.read($0) })
    case .der: return try contents.singleDER()
    case .pkcs12:
      var random = SystemRandomNumberGenerator()
      return try PKCS12.encode(try contents.keyStore(), password: try storePassword(), randomness: &random)
    case .jks:
      var random = SystemRandomNumberGenerator()
      return try JKS.encode(try contents.keyStore(), password: try storePassword(), now: Date(), randomness: &random)
    case .secret: return Array(try contents.secret(named: secretName).yaml().utf8)
    }
  }

  private func storePassword() throws -> String {
    if let outPasswordFile { return try PassphraseSource.read(outPasswordFile) }
    if let text = try password.optional() { return text }
    guard let typed = try Terminal.readSecret("New password of \(out): ") else {
      throw CommandError.usage("\(out) needs a password", hint: "name a file that holds it with --out-password-file")
    }
    return typed
  }

  private var secretName: String {
    ((out as NSString).lastPathComponent as NSString).deletingPathExtension.lowercased()
  }
}

/// A format to write, told by a file's ending.
enum OutputFormat {
  case pem, certificates, key, der, pkcs12, jks, secret

  init(path: String) throws {
    switch (path as NSString).pathExtension.lowercased() {
    case "pem": self = .pem
    case "crt", "cert", "ca-bundle", "csr", "crl": self = .certificates
    case "key": self = .key
    case "der", "cer", "p8", "pk8": self = .der
    case "p12", "pfx": self = .pkcs12
    case "jks", "keystore", "truststore": self = .jks
    case "yaml", "yml": self = .secret
    default:
      throw CommandError.usage(
        "the format of \(path) can't be told from its ending",
        hint: "use .pem, .crt, .key, .der, .p12, .jks or .yaml")
    }
  }

  func holdsKey(_ contents: FileContents) -> Bool {
    switch self {
    case .certificates: false
    default: contents.key != nil
    }
  }
}

import ArgumentParser
import Credentials
import Formats
import Foundation
import Glibc
import SwiftASN1
import X509

struct Trust: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust", abstract: "Edit a trust bundle: PEM, JKS or PKCS#12, by its ending.",
    subcommands: [TrustAdd.self, TrustRemove.self, TrustShow.self])
}

/// The bundle that is edited.
struct BundleOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The bundle: .pem or .crt, .jks, .p12.", valueName: "bundle")) var bundle: String
  @OptionGroup var password: PasswordOptions

  func open() throws -> EditableBundle { try .open(bundle, password: { try password.password(for: bundle) }) }

  /// Writes through a symbolic link to the file behind it, which keeps its name and, where it was closed, its mode.
  func save(_ bytes: [UInt8]) throws {
    let target = OutputFiles.exists(bundle) ? URL(fileURLWithPath: bundle).resolvingSymlinksInPath().path : bundle
    let mode = try? FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
    let isClosed = (mode ?? 0o644) & 0o077 == 0
    try OutputFiles.write(bytes, path: target, access: isClosed ? .secret : .open)
  }
}

struct TrustAdd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add certificates; those that are in it already are left alone.",
    discussion: """
      countersign trust add ca-certificates.crt mg.pem
      countersign trust add backend-truststore.jks mg.pem --alias router --password-file store.pass
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: BundleOptions
  @Argument(help: ArgumentHelp("Certificates, PEM or DER.", valueName: "file")) var files: [String]
  @Option(
    help: ArgumentHelp("The entry's name in a .jks or .p12; an entry of that name is replaced.", valueName: "alias"))
  var alias: String?

  func run() async throws {
    let certificates = try files.flatMap { try CertificateFile.der(try InputFile.read($0), path: $0) }
    for der in certificates { _ = try CertificateFile.usable(der, path: files.joined(separator: ", ")) }
    var changes = BundleChange(bundle: options.bundle)
    switch try options.open() {
    case .pem(var bundle):
      if alias != nil { throw CommandError.usage("a PEM bundle has no aliases", hint: "leave --alias out") }
      changes.mended = bundle.wasMended
      for der in certificates { changes.note(der, changed: bundle.add(der)) }
      if changes.isChanged || !OutputFiles.exists(options.bundle) { try options.save(Array(bundle.text.utf8)) }
    case .store(var bundle):
      for (number, der) in certificates.enumerated() {
        let name = alias.map { number == 0 ? $0 : "\($0)-\(number + 1)" }
        changes.note(der, changed: try bundle.add(der, alias: name))
      }
      if !changes.changed.isEmpty { try options.save(try bundle.encoded()) }
    }
    try common.console.report(changes)
  }
}

struct TrustRemove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove certificates, named by their files or, in a store, by alias.",
    discussion: "countersign trust remove ca-certificates.crt old-ca.crt")

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: BundleOptions
  @Argument(help: ArgumentHelp("Certificates, PEM or DER.", valueName: "file")) var files: [String] = []
  @Option(help: ArgumentHelp("The entry's name in a .jks or .p12.", valueName: "alias")) var alias: String?

  func validate() throws {
    if files.isEmpty, alias == nil { throw ValidationError("name the certificates' files, or an --alias") }
  }

  func run() async throws {
    guard OutputFiles.exists(options.bundle) else { throw FileFailure(.read, options.bundle, ENOENT) }
    let certificates = try files.flatMap { try CertificateFile.der(try InputFile.read($0), path: $0) }
    var changes = BundleChange(bundle: options.bundle)
    switch try options.open() {
    case .pem(var bundle):
      if alias != nil { throw CommandError.usage("a PEM bundle has no aliases", hint: "name the certificate's file") }
      for der in certificates { changes.note(der, changed: bundle.remove(der)) }
      changes.mended = bundle.wasMended
      if changes.isChanged { try options.save(Array(bundle.text.utf8)) }
    case .store(var bundle):
      for der in certificates { changes.note(der, changed: bundle.remove(der)) }
      if let alias { changes.note(alias, changed: try bundle.remove(alias: alias)) }
      if !changes.changed.isEmpty { try options.save(try bundle.encoded()) }
    }
    try common.console.report(changes)
  }
}

struct TrustShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "List the certificates of a bundle.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: BundleOptions

  func run() async throws {
    guard OutputFiles.exists(options.bundle) else { throw FileFailure(.read, options.bundle, ENOENT) }
    let entries: [(alias: String?, der: [UInt8])]
    switch try options.open() {
    case .pem(let bundle): entries = bundle.certificates.map { (nil, $0) }
    case .store(let bundle): entries = bundle.trusted.map { ($0.alias, $0.der) }
    }
    try common.console.emit(BundleFacts(bundle: options.bundle, certificates: entries.map(BundleFacts.Entry.init)))
  }
}

/// What an edit of a bundle changed.
struct BundleChange: Facts {
  var bundle: String
  var changed: [String] = []
  var unchanged: [String] = []
  /// Broken lines or duplicates were set right, whatever else was asked for.
  var mended = false

  var isChanged: Bool { mended || !changed.isEmpty }

  init(bundle: String) { self.bundle = bundle }

  mutating func note(_ der: [UInt8], changed: Bool) { note(certificateTitle(der), changed: changed) }

  mutating func note(_ title: String, changed isChanged: Bool) {
    if isChanged { changed.append(title) } else { unchanged.append(title) }
  }

  func lines(_ style: TextStyle) -> [String] {
    ["\(bundle): \(isChanged ? "written" : "unchanged")"]
      + (mended ? ["  mended     broken lines or duplicates"] : [])
      + changed.map { "  changed    \($0)" } + unchanged.map { "  unchanged  \($0)" }
  }
}

struct BundleFacts: Facts {
  struct Entry: Encodable {
    var alias: String?
    var subject: String
    var notAfter: String?
    var sha256: String

    init(alias: String?, der: [UInt8]) {
      let certificate = try? Certificate(derEncoded: der)
      self.alias = alias
      subject = certificate.map { "\($0.subject)" } ?? "(can't be decoded)"
      notAfter = certificate.map { rfc3339($0.notValidAfter) }
      sha256 = Fingerprint(of: der).description
    }
  }

  var bundle: String
  var certificates: [Entry]

  func lines(_ style: TextStyle) -> [String] {
    certificates.map { entry in
      let fields: [String?] = [entry.sha256, entry.notAfter.map { "until \($0)" }, entry.alias, entry.subject]
      return fields.compactMap { $0 }.joined(separator: "  ")
    }
  }
}

/// A certificate in few words.
func certificateTitle(_ der: [UInt8]) -> String {
  let subject = (try? Certificate(derEncoded: der)).map { "\($0.subject)" } ?? "certificate"
  return "\(subject) (sha256 \(Fingerprint(of: der).description.prefix(16))…)"
}

import Credentials
import Formats
import Foundation
import SwiftASN1
import TLSRuntime
import X509

/// The files that router.yaml names, each of which is read once. Errors say which key names the file.
struct NamedFiles {
  private let read: @Sendable (String) throws -> [UInt8]
  private let fetched: @Sendable (String) -> FetchedList?
  private let now: Date
  private var contents: [String: [UInt8]] = [:]

  init(
    reading read: @escaping @Sendable (String) throws -> [UInt8],
    fetched: @escaping @Sendable (String) -> FetchedList?, at now: Date
  ) {
    self.read = read
    self.fetched = fetched
    self.now = now
  }

  /// - Parameters:
  ///   - place: the key of the identity.
  ///   - previous: what is in force.
  mutating func credential(
    _ identity: IdentityFiles, at place: String, after previous: TLSRecipe?
  ) throws(RouterSetupError) -> RouterCredential {
    let chain = try certificates(identity.certificate, at: "\(place).cert")
    var passphrase: String?
    if let file = identity.passphraseFile {
      let bytes = try bytes(file, at: "\(place).passphraseFile")
      passphrase = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
    let bytes = try bytes(identity.key, at: "\(place).key")
    let key: Certificate.PrivateKey
    let der: [UInt8]
    do throws(FormatError) {
      key = try KeyCoding.decode(bytes, passphrase: passphrase, legacy: NIOSSLLegacyDecryption())
      der = try KeyCoding.pkcs8(key)
    } catch {
      throw RouterSetupError(error, at: "\(place).key", file: identity.key)
    }
    guard let leaf = chain.first, let certificate = try? Certificate(derEncoded: leaf) else {
      throw RouterSetupError(
        at: "\(place).cert", file: identity.certificate, "its first certificate can't be used",
        hint: "`countersign inspect \(identity.certificate)` says what it is")
    }
    guard certificate.publicKey == key.publicKey else {
      throw RouterSetupError(
        at: "\(place).cert", file: identity.certificate, "\(identity.key) holds the key of another certificate",
        hint: "check that both were written together")
    }
    // One that has expired while it was in force holds up nothing else, such as a fresh CRL.
    let isInForce = previous?.credential?.chain == chain
    guard isInForce || certificate.notValidBefore <= now && now < certificate.notValidAfter else {
      throw RouterSetupError(
        at: "\(place).cert", file: identity.certificate,
        "it is valid from \(certificate.notValidBefore.formatted(.iso8601)) until \(certificate.notValidAfter.formatted(.iso8601)), not now",
        hint: "renew it")
    }
    return RouterCredential(chain: chain, key: der)
  }

  mutating func anchors(_ path: String, at place: String) throws(RouterSetupError) -> [[UInt8]] {
    let anchors = try certificates(path, at: place)
    guard anchors.contains(where: { CertificateInput(der: $0).certificate != nil }) else {
      throw RouterSetupError(
        at: place, file: path, "none of its certificates can be used",
        hint: "`countersign inspect \(path)` says what they are")
    }
    return anchors
  }

  /// - Returns: the lists, DER; and since when some are wanted, where none has come from anywhere.
  mutating func lists(
    _ source: RevocationSource?, at place: String
  ) throws(RouterSetupError) -> (found: [[UInt8]], missingSince: Date?) {
    guard let source else { return ([], nil) }
    var lists: [[UInt8]] = []
    var wantedSince = now
    for location in source.locations {
      if !location.contains("://") {
        lists += try RevocationListFile.parse(try bytes(location, at: place), at: place, path: location).map(\.der)
      } else if let list = fetched(location) {
        wantedSince = min(wantedSince, list.wantedSince)
        guard let bytes = list.bytes else { continue }
        lists += try RevocationListFile.parse(bytes, at: place, path: location).map(\.der)
      }
    }
    return (lists, lists.isEmpty ? wantedSince : nil)
  }

  // MARK: Reading

  private mutating func bytes(_ path: String, at place: String) throws(RouterSetupError) -> [UInt8] {
    if let known = contents[path] { return known }
    do {
      let bytes = try read(path)
      contents[path] = bytes
      return bytes
    } catch {
      throw RouterSetupError(error, at: place, file: path)
    }
  }

  /// DER, in the file's order.
  private mutating func certificates(_ path: String, at place: String) throws(RouterSetupError) -> [[UInt8]] {
    let bytes = try bytes(path, at: place)
    guard PEM.isLikely(bytes) else { return [bytes] }
    let blocks: [PEM.Block]
    do throws(FormatError) {
      blocks = try PEM.parse(bytes)
    } catch {
      throw RouterSetupError(error, at: place, file: path)
    }
    let certificates = blocks.filter(PEM.isCertificate).map(\.der)
    guard !certificates.isEmpty else {
      throw RouterSetupError(
        at: place, file: path, "it holds no certificate", hint: "`countersign inspect \(path)` says what it is")
    }
    return certificates
  }
}

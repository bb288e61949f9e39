import Credentials
import Formats
import Foundation
import SwiftASN1
import TLSRuntime
import X509

/// A trust bundle in a file, of whatever format.
enum TrustFile {
  /// The DER of each certificate that the file trusts.
  static func read(_ path: String, passwordFile: String?) throws -> [[UInt8]] {
    let bytes = try InputFile.read(path)
    let password = try passwordFile.map { try PassphraseSource.read($0) }
    do {
      return try TrustBundle.decode(bytes, password: password, legacy: NIOSSLLegacyDecryption()).certificates
    } catch FormatError.passphraseNeeded {
      throw CommandError.usage("\(path) needs a password", hint: "name a file that holds it with --password-file")
    } catch {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
  }
}

/// A bundle that is edited: PEM text, or a store with aliases.
enum EditableBundle {
  case pem(PEMBundle)
  case store(StoreBundle)

  /// The format follows from the file's ending; a file that isn't there yet is an empty bundle.
  static func open(_ path: String, password: () throws -> String) throws -> EditableBundle {
    let bytes = OutputFiles.exists(path) ? try InputFile.read(path) : []
    switch path.split(separator: ".").last?.lowercased() {
    case "pem", "crt", "cer", "ca-bundle": return .pem(try PEMBundle(bytes, path: path))
    case "jks", "ks", "keystore", "truststore":
      return .store(try StoreBundle(bytes, format: .jks, path: path, password: password()))
    case "p12", "pfx": return .store(try StoreBundle(bytes, format: .pkcs12, path: path, password: password()))
    default:
      throw CommandError.usage(
        "the format of \(path) can't be told from its ending", hint: "use .pem or .crt, .jks, or .p12")
    }
  }
}

/// PEM with its other text kept: comments stay where they are, and only whole blocks come and go.
struct PEMBundle {
  private(set) var text: String
  /// Whether reading alone has mended something: fused lines, a missing newline, a duplicate.
  let wasMended: Bool
  private var blocks: [PEM.Block]

  init(_ bytes: [UInt8], path: String) throws {
    guard !bytes.isEmpty else {
      (text, blocks, wasMended) = ("", [], false)
      return
    }
    let scan = PEM.scan(bytes)
    if let defect = scan.defects.first(where: { $0.kind.isFatal }) {
      throw CommandError.usage(
        "\(path):\(defect.line): \(defect.kind.explanation)", hint: "`countersign inspect \(path)` says more")
    }
    if let key = scan.blocks.first(where: KeyCoding.isPrivateKey) {
      throw CommandError.usage(
        "\(path):\(key.line) holds a private key: this is no trust bundle",
        hint: "keep keys in files of their own, mode 0600")
    }
    guard !scan.blocks.isEmpty || Self.isCommentary(bytes) else {
      throw CommandError.usage(
        "\(path) is not a PEM bundle", hint: "`countersign inspect \(path)` says what it is; nothing was written")
    }
    guard !scan.defects.isEmpty || String(validating: bytes, as: UTF8.self) != nil else {
      throw CommandError.usage(
        "the text around the certificates of \(path) is not UTF-8, and would not survive",
        hint: "iconv -f LATIN1 -t UTF-8 \(path) > NEW.pem, or the like")
    }
    blocks = scan.blocks.filter(PEM.isCertificate)
    // What an editor or `cat` broke is written anew; what is whole is kept to the letter.
    text =
      scan.defects.isEmpty
      ? String(decoding: bytes, as: UTF8.self) : blocks.map { PEM.encode($0.label, $0.der) }.joined()
    if !scan.defects.isEmpty { blocks = blocks.map { PEM.Block(label: $0.label, der: $0.der) } }
    wasMended = !scan.defects.isEmpty || Set(blocks.map(\.der)).count < blocks.count
    removeDuplicates()
  }

  var certificates: [[UInt8]] { blocks.map(\.der) }

  mutating func add(_ der: [UInt8]) -> Bool {
    guard !certificates.contains(der) else { return false }
    let block = PEM.Block(label: "CERTIFICATE", der: der)
    text += block.text
    blocks.append(block)
    return true
  }

  mutating func remove(_ der: [UInt8]) -> Bool {
    guard let index = blocks.firstIndex(where: { $0.der == der }) else { return false }
    cut(blocks.remove(at: index).text, backwards: false)
    return true
  }

  /// Whether there is nothing in a file but empty lines and comments: a bundle that is yet to be filled.
  private static func isCommentary(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).allSatisfy { line in
      let text = line.drop(while: \.isWhitespace)
      return text.isEmpty || text.hasPrefix("#")
    }
  }

  private mutating func removeDuplicates() {
    var seen: Set<[UInt8]> = []
    for (index, block) in blocks.enumerated().reversed() where blocks[..<index].contains(where: { $0.der == block.der })
    {
      cut(block.text, backwards: true)
    }
    blocks = blocks.filter { seen.insert($0.der).inserted }
  }

  private mutating func cut(_ block: String, backwards: Bool) {
    guard let range = text.range(of: block, options: backwards ? .backwards : []) else { return }
    let end = text[range.upperBound...].hasPrefix("\n") ? text.index(after: range.upperBound) : range.upperBound
    text.removeSubrange(range.lowerBound..<end)
  }
}

/// A Java or PKCS#12 store. Entries that aren't touched stay as they are, keys included.
struct StoreBundle {
  enum Format { case jks, pkcs12 }

  private(set) var store: KeyStore
  private let format: Format
  private let password: String

  init(_ bytes: [UInt8], format: Format, path: String, password: String) throws {
    self.password = password
    guard !bytes.isEmpty else {
      self.format = format
      store = KeyStore()
      return
    }
    // Java writes PKCS#12 under the name .jks since version 9: the bytes decide, and stay what they are.
    self.format = JKS.isLikely(bytes) ? .jks : .pkcs12
    do {
      switch self.format {
      case .jks: store = try JKS.decode(bytes, password: password)
      case .pkcs12: store = try PKCS12.decode(bytes, password: password, legacy: NIOSSLLegacyDecryption())
      }
    } catch {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
  }

  var trusted: [(alias: String, der: [UInt8])] {
    store.entries.compactMap { entry in
      if case .trusted(let der) = entry.content { (entry.alias, der) } else { nil }
    }
  }

  /// Adds a certificate. With an alias, the entry of that name is replaced; a certificate that is there under another
  /// name is not added again.
  mutating func add(_ der: [UInt8], alias: String?) throws -> Bool {
    if let alias, let index = index(of: alias) {
      if case .trusted(der) = store.entries[index].content { return false }
      guard case .trusted = store.entries[index].content else {
        throw CommandError.usage("the alias \"\(alias)\" names a private key", hint: "choose another --alias")
      }
      store.entries[index] = .init(alias: store.entries[index].alias, content: .trusted(der))
      return true
    }
    return store.trust(der, alias: alias ?? storeAlias(for: der), date: nil)
  }

  mutating func remove(_ der: [UInt8]) -> Bool { store.distrust(fingerprint: TrustBundle.fingerprint(of: der)) }

  mutating func remove(alias: String) throws -> Bool {
    guard let index = index(of: alias) else { return false }
    guard case .trusted = store.entries[index].content else {
      throw CommandError.usage("the alias \"\(alias)\" names a private key", hint: "`trust` only touches certificates")
    }
    store.entries.remove(at: index)
    return true
  }

  func encoded() throws -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    switch format {
    case .jks: return try JKS.encode(store, password: password, now: Date(), randomness: &random)
    case .pkcs12: return try PKCS12.encode(store, password: password, randomness: &random)
    }
  }

  private func index(of alias: String) -> Int? {
    store.entries.firstIndex { $0.alias.lowercased() == alias.lowercased() }
  }
}

/// An alias from a certificate's common name.
func storeAlias(for der: [UInt8]) -> String {
  let name = (try? Certificate(derEncoded: der))?.subject.commonName ?? "certificate"
  return String(name.lowercased().map { $0.isLetter || $0.isNumber || ".-_".contains($0) ? $0 : "-" })
}

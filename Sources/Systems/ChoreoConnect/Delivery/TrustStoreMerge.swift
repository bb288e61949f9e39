import Formats
import Foundation

extension ChoreoConnect {
  /// A Java trust store in which the router becomes trusted, and all else stays: what
  /// `keytool -import -alias router` does, without its questions.
  struct TrustStoreMerge {
    static let alias = "router"

    let store: Backend.TrustStore
    /// As DER.
    let anchors: [[UInt8]]
    let password: String
    let now: Date

    /// - Parameters:
    ///   - present: the operator's file; nil where there is none.
    ///   - previous: what was delivered last: its salts and dates are kept where it still says the same.
    /// - Returns: the store, and whether it holds a private key, which only the operator can have put there.
    func bytes(
      present: [UInt8]?, previous: [UInt8]?, using random: inout some RandomNumberGenerator
    ) throws(FleetError) -> (store: [UInt8], holdsKey: Bool) {
      let format = present.map { JKS.isLikely($0) ? StoreFormat.jks : .pkcs12 } ?? store.format
      let old: KeyStore
      do {
        old = try present.map { bytes throws(FormatError) in try decode(bytes, format) } ?? KeyStore()
      } catch {
        throw FleetError(error, in: store.file)
      }
      let new = try merged(into: old)
      let holdsKey = new.entries.contains { if case .key = $0.content { true } else { false } }
      if let present, new.isSame(as: old) { return (present, holdsKey) }
      if let previous, let decoded = try? decode(previous, format), new.isSame(as: decoded) {
        return (previous, holdsKey)
      }
      do {
        switch format {
        case .jks: return (try JKS.encode(new, password: password, now: now, randomness: &random), holdsKey)
        default: return (try PKCS12.encode(new, password: password, randomness: &random), holdsKey)
        }
      } catch {
        throw FleetError(error, in: store.file)
      }
    }

    /// The first anchor under the alias, more of them under the alias with a number; the public key pair's certificate
    /// under none.
    func merged(into old: KeyStore) throws(FleetError) -> KeyStore {
      var store = old
      store.entries.removeAll { entry in
        guard case .trusted(let der) = entry.content else { return false }
        return ShippedKeystore.isPublic(der: der) && entry.alias.lowercased() != Self.alias
      }
      for (index, der) in anchors.enumerated() {
        let alias = index == 0 ? Self.alias : "\(Self.alias)-\(index + 1)"
        guard let position = store.entries.firstIndex(where: { $0.alias.lowercased() == alias }) else {
          store.entries.append(.init(alias: alias, content: .trusted(der)))
          continue
        }
        let entry = store.entries[position]
        guard case .trusted(let present) = entry.content else {
          throw FleetError(
            "\(self.store.file.path): the alias \"\(alias)\" names a private key",
            advice: "rename it with `keytool -changealias`", at: self.store.file.place)
        }
        if present == der, entry.isVisibleToJava { continue }
        store.entries[position] = .init(alias: entry.alias, content: .trusted(der))
      }
      store.entries.removeAll { entry in
        guard case .trusted = entry.content, let number = Self.number(of: entry.alias) else { return false }
        return number > anchors.count
      }
      return store
    }

    /// Of an alias that is ours: `router-2`, and so on.
    private static func number(of alias: String) -> Int? {
      guard alias.lowercased().hasPrefix("\(Self.alias)-") else { return nil }
      return Int(alias.dropFirst(Self.alias.count + 1)).flatMap { $0 > 1 ? $0 : nil }
    }

    private func decode(_ bytes: [UInt8], _ format: StoreFormat) throws(FormatError) -> KeyStore {
      format == .jks
        ? try JKS.decode(bytes, password: password) : try PKCS12.decode(bytes, password: password, legacy: nil)
    }
  }
}

extension KeyStore {
  /// Whether both hold the same under the same names, whenever it was put there.
  fileprivate func isSame(as other: KeyStore) -> Bool {
    func undated(_ store: KeyStore) -> [Entry] {
      store.entries.map { Entry(alias: $0.alias, content: $0.content, isVisibleToJava: $0.isVisibleToJava) }
    }
    return undated(self) == undated(other)
  }
}

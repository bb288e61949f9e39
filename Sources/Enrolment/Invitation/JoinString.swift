import Credentials

/// Where an orchestrator is, how to know that it is the right one, and a secret for it, on one line:
/// `https://HOST:PORT/#root=SHA256&id=ID&secret=SECRET`. What follows the `#` is never sent to a server by accident.
/// Prints without the secret.
package struct JoinString: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// `https://HOST:PORT`, without a slash at the end.
  package let url: String
  /// SHA-256 of the root's DER.
  package let rootHash: [UInt8]
  package let secret: TokenSecret

  /// The most bytes of one that is read.
  package static let longest = 1024

  /// - Throws: ``EnrolmentError/notAJoinString(reason:)`` for a URL that isn't `https://HOST:PORT`, or a hash of another
  ///   length.
  package init(url: String, rootHash: [UInt8], secret: TokenSecret) throws(EnrolmentError) {
    if let defect = Self.defect(ofURL: url) { throw .notAJoinString(reason: defect) }
    guard rootHash.count == 32 else { throw .notAJoinString(reason: "the root's SHA-256 doesn't have 32 bytes") }
    self.url = url
    self.rootHash = rootHash
    self.secret = secret
  }

  /// The one line, with the secret in it.
  package func encode() -> String {
    "\(url)/#root=\(rootHash.hexadecimal)&id=\(secret.id)&secret=\(secret.text)"
  }

  /// Reads one, with white space around it.
  /// - Throws: ``EnrolmentError/notAJoinString(reason:)``: the reason never holds a part of the text.
  package static func decode(_ text: String) throws(EnrolmentError) -> JoinString {
    guard text.utf8.count <= longest else { throw .notAJoinString(reason: "it is longer than \(longest) bytes") }
    let line = text.drop(while: \.isWhitespace)
    let bare = line.reversed().drop(while: \.isWhitespace).reversed()
    let parts = String(bare).split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .notAJoinString(reason: "it has no #") }
    guard parts[0].hasSuffix("/") else { throw .notAJoinString(reason: "its URL has no / before the #") }
    let fields = parts[1].split(separator: "&", omittingEmptySubsequences: false)
    guard fields.count == 3, let root = value(of: fields[0], "root"), let id = value(of: fields[1], "id"),
      let secret = value(of: fields[2], "secret")
    else { throw .notAJoinString(reason: "after the # come root, id and secret, in this order") }
    guard root.utf8.count == 64, let rootHash = Hexadecimal.decode(root), rootHash.hexadecimal == root else {
      throw .notAJoinString(reason: "its root is not 64 lower-case hexadecimal digits")
    }
    guard TokenSecret.isID(id) else {
      throw .notAJoinString(reason: "its id is not 16 lower-case hexadecimal digits")
    }
    guard let token = TokenSecret(id: id, text: secret) else {
      throw .notAJoinString(reason: "its secret is cut off or damaged")
    }
    return try JoinString(url: String(parts[0].dropLast()), rootHash: rootHash, secret: token)
  }

  private static func value(of field: Substring, _ name: String) -> String? {
    field.hasPrefix(name + "=") ? String(field.dropFirst(name.count + 1)) : nil
  }

  /// Why a URL can't stand in a join string; nil where it can.
  package static func defect(ofURL url: String) -> String? {
    guard url.hasPrefix("https://") else { return "its URL doesn't begin with https://" }
    let authority = url.dropFirst("https://".count)
    guard !authority.contains("@"), !authority.contains("/") else {
      return "its URL is more than https://HOST:PORT"
    }
    let host: Substring
    let rest: Substring
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = authority[...end]
      rest = authority[authority.index(after: end)...]
    } else {
      host = authority.prefix { $0 != ":" }
      rest = authority[host.endIndex...]
    }
    guard let name = SubjectName(host: String(host)), !String(host).hasPrefix("*") else {
      return "its URL names no host"
    }
    if case .ip(let address) = name, address.octets.count == 16, !host.hasPrefix("[") {
      return "an IPv6 address in a URL stands in brackets"
    }
    if rest.isEmpty { return nil }
    let digits = rest.dropFirst()
    guard rest.hasPrefix(":"), (1...5).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65535).contains(port)
    else { return "its URL's port is not a number from 1 to 65535" }
    return nil
  }

  package var description: String { "\(url)/#root=\(rootHash.hexadecimal)&id=\(secret.id)&secret=<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: ["url": url, "id": secret.id]) }
}

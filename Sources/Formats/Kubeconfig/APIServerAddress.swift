/// Where an API server listens: `https://host:port/prefix`.
package struct APIServerAddress: Hashable, Sendable {
  /// A host name or an address, without brackets.
  package let host: String
  package let port: Int
  /// Empty, or with a slash before and none behind, as for servers behind a gateway.
  package let pathPrefix: String

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
    pathPrefix = ""
  }

  /// Nil for anything but an https URL of a host, with at most a port and a plain path.
  package init?(_ text: String) {
    guard text.utf8.count <= 2048, text.lowercased().hasPrefix("https://") else { return nil }
    let rest = text.dropFirst("https://".count)
    let authority = rest.prefix { $0 != "/" }
    var path = rest.dropFirst(authority.count)
    while path.hasSuffix("/") { path = path.dropLast() }
    guard path.utf8.allSatisfy(Self.isPathByte), let (host, port) = Self.split(authority) else { return nil }
    self.host = host
    self.port = port
    pathPrefix = String(path)
  }

  /// As it stands in a URL and in HTTP's Host field.
  package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  package var description: String { "https://\(authority)\(pathPrefix)" }

  private static func split(_ authority: Substring) -> (String, Int)? {
    var host = authority
    var port: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      port = after.isEmpty ? nil : after.dropFirst()
      guard host.contains(":"), host.utf8.allSatisfy({ isHexadecimal($0) || ":.".utf8.contains($0) }) else {
        return nil
      }
    } else {
      if let colon = authority.firstIndex(of: ":") {
        host = authority[..<colon]
        port = authority[authority.index(after: colon)...]
      }
      guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(isHostByte) else { return nil }
    }
    guard let port else { return (String(host), 443) }
    guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port), (1...65_535).contains(number)
    else { return nil }
    return (String(host), number)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._".utf8.contains(byte) }

  private static func isPathByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._~/:@".utf8.contains(byte) }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
  }
}

extension APIServerAddress: CustomStringConvertible {}

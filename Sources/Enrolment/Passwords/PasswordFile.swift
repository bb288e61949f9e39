package import Credentials

/// The file of agents' passwords: a line `NAME:HASH` for each, the name as the agent's certificate will have it. Empty
/// lines and lines that begin with `#` count for nothing.
package enum PasswordFile {
  package static let sizeLimit = 4 << 20
  package static let mostEntries = 20_000

  /// - Throws: ``PasswordFileError``, with the line's number, and never with its text.
  package static func parse(_ bytes: [UInt8]) throws(PasswordFileError) -> [String: ScryptHash] {
    guard bytes.count <= sizeLimit else { throw .tooLarge }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
    var entries: [String: ScryptHash] = [:]
    // To Swift CR LF is one character, which isn't equal to LF.
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in lines.enumerated() {
      let number = index + 1
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw .line(number, column: 1, "this line has no name and hash")
      }
      let name = String(line[..<colon])
      do { _ = try Identity(commonName: name) } catch {
        throw .line(number, column: 1, "the name can't be a common name")
      }
      guard entries[name] == nil else { throw .line(number, column: 1, "a second password for the same name") }
      guard entries.count < mostEntries else { throw .tooLarge }
      do {
        entries[name] = try ScryptHash(phc: line[line.index(after: colon)...])
      } catch {
        throw .line(number, column: name.count + 2, "what follows the name is no hash of scrypt: \(error.reason)")
      }
    }
    return entries
  }

  /// The line for a new password.
  package static func line(name: String, _ hash: ScryptHash) throws(IdentityError) -> String {
    _ = try Identity(commonName: name)
    guard !name.contains(":"), !name.hasPrefix("#") else {
      throw .invalidCommonName(name, reason: "a name in a password file has no colon and doesn't begin with #")
    }
    return "\(name):\(hash.phc)"
  }
}

/// What is wrong with a password file. Neither a hash nor a password is ever named.
package enum PasswordFileError: ExplainedError, Hashable {
  case tooLarge
  case notText
  case line(Int, column: Int, String)
  case malformedHash(String)
  case scryptFailed

  var reason: String {
    switch self {
    case .tooLarge: "it has more than \(PasswordFile.sizeLimit) bytes or \(PasswordFile.mostEntries) names"
    case .notText: "it is not UTF-8 text"
    case .line(let number, _, let reason): "line \(number): \(reason)"
    case .malformedHash(let reason): reason
    case .scryptFailed: "scrypt failed"
    }
  }

  package var message: String {
    switch self {
    case .malformedHash(let reason): "the password hash can't be used: \(reason)"
    case .scryptFailed: "the password can't be hashed: scrypt failed"
    default: "the password file can't be used: \(reason)"
    }
  }

  package var hint: String? {
    self == .scryptFailed
      ? "it needs 32 MiB of memory" : "a line is NAME:HASH; make one with countersign orchestrator password NAME"
  }

  package var kind: FailureKind { self == .scryptFailed ? .environment : .badInput }
}

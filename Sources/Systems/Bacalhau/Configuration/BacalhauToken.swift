/// The secret that compute nodes show the orchestrator.
package enum BacalhauToken {
  /// It stands in the product's documentation: whoever read it knows it.
  package static let published = "i_am_very_secret_token"

  /// Below this, guessing is feasible for a patient attacker: NATS doesn't slow guesses down.
  package static let shortest = 16

  /// Whether a server takes this for the bcrypt hash of a token instead of the token itself, as nats-server does.
  package static func isHash(_ token: String) -> Bool { token.hasPrefix("$2a$") }

  /// Why a token can't be shared by a fleet; nil where it can.
  package static func problem(of token: String) -> String? {
    if token.isEmpty { return "it is empty" }
    if token == published { return "it is the example of Bacalhau's documentation, which everybody knows" }
    if isHash(token) { return "it is the hash of a token, and compute nodes need the token itself" }
    if token.utf8.count > 1024 { return "it is longer than 1024 bytes" }
    return token.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? nil : "it holds a space or a character outside ASCII"
  }
}

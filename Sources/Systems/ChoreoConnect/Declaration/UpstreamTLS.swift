import Diagnosis
import Formats

extension ChoreoConnect {
  /// A protocol version as config.toml writes it.
  enum TLSVersion: String, CaseIterable, Hashable, Sendable, Comparable {
    case tls10 = "TLS1_0"
    case tls11 = "TLS1_1"
    case tls12 = "TLS1_2"
    case tls13 = "TLS1_3"

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// What the router offers to backends: `[router.upstream.tls]`.
  struct UpstreamTLS: Hashable, Sendable {
    let minimum: TLSVersion
    let maximum: TLSVersion
    /// Empty leaves the file's own as they are.
    let ciphers: [String]

    init(minimum: TLSVersion = .tls12, maximum: TLSVersion = .tls13, ciphers: [String] = []) {
      self.minimum = minimum
      self.maximum = maximum
      self.ciphers = ciphers
    }

    init(_ declaration: Declaration?) throws(FleetError) {
      minimum = declaration?.text("min").flatMap(TLSVersion.init) ?? .tls12
      maximum = declaration?.text("max").flatMap(TLSVersion.init) ?? .tls13
      ciphers = declaration?.texts("ciphers").map(\.text) ?? []
      guard let declaration else { return }
      if minimum > maximum {
        throw FleetError(
          "min (\(minimum.rawValue)) is above max (\(maximum.rawValue)): nothing would be offered",
          advice: "min: TLS1_2, max: TLS1_3", at: declaration.place)
      }
      for (name, place) in declaration.texts("ciphers") where CipherSuite(name) == nil {
        let nearest = NearestWord.find(name, among: CipherSuite.known)
        throw FleetError(
          "the router knows no cipher \"\(name)\"",
          advice: nearest.map { "did you mean \($0)?" } ?? "use OpenSSL's names of TLS 1.2 suites", at: place)
      }
      if minimum == .tls13, !ciphers.isEmpty {
        throw FleetError(
          "ciphers are those of TLS 1.2 and before, and only TLS 1.3 is offered",
          advice: "leave ciphers out, or say min: TLS1_2", at: declaration.place(of: "ciphers"))
      }
    }

    /// Whether a server with this key could agree to one of these settings.
    func canServe(isRSA: Bool) -> Bool {
      maximum == .tls13 || ciphers.isEmpty || ciphers.contains { CipherSuite($0)?.isForRSA == isRSA }
    }
  }

  /// A suite of TLS 1.2 and before, by OpenSSL's name.
  struct CipherSuite: Hashable, Sendable {
    /// Which keys can serve it; the others are for curves.
    let isForRSA: Bool

    static let known = UpstreamTLSSettings.knownSuites.sorted()

    init?(_ name: String) {
      guard UpstreamTLSSettings.knownSuites.contains(name) else { return nil }
      isForRSA = !name.hasPrefix("ECDHE-ECDSA-")
    }
  }
}

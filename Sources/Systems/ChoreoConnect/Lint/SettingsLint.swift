import Credentials
import Formats
import X509

/// What is wrong with `[router.upstream.tls]`, in config.toml or in the ConfigMap that holds it.
struct SettingsLint {
  let context: LintContext
  let leaves: [BackendLeaf]

  var findings: [Finding] { sources.flatMap(findings) }

  /// Text of a config.toml, and where its lines begin.
  private struct Source {
    var file: String
    var bytes: [UInt8]
    /// Lines of the file before its first.
    var offset: Int
  }

  private static let table = "router.upstream.tls"

  private var sources: [Source] {
    context.files.flatMap { file -> [Source] in
      if case .toml = file.content { return [Source(file: file.path, bytes: file.bytes, offset: 0)] }
      return file.documents.compactMap { document in
        guard document["kind"]?.text == "ConfigMap",
          let node = document.at("data", ChoreoConnect.RouterConfiguration.key),
          let text = node.text
        else { return nil }
        // A literal scalar begins in the line after its mark.
        return Source(file: file.path, bytes: Array(text.utf8), offset: node.place.line)
      }
    }
  }

  private func findings(_ source: Source) -> [Finding] {
    guard let values = try? TOMLTable.values(of: Self.table, in: source.bytes) else { return [] }
    func finding(_ key: String, _ problem: Problem, _ severity: Finding.Severity = .error) -> Finding {
      Finding(problem, severity, file: source.file, line: line(of: key, in: source))
    }
    let minimum = values["minimumProtocolVersion"]
    let maximum = values["maximumProtocolVersion"]
    var findings = [("minimumProtocolVersion", minimum), ("maximumProtocolVersion", maximum)].compactMap { key, value in
      value.flatMap { ChoreoConnect.TLSVersion(rawValue: $0) == nil ? finding(key, unknownVersion($0)) : nil }
    }
    let low = minimum.flatMap(ChoreoConnect.TLSVersion.init)
    let high = maximum.flatMap(ChoreoConnect.TLSVersion.init)
    if let low, let high, low > high { findings.append(finding("minimumProtocolVersion", reversed(low, high))) }
    if let low, low < .tls12 { findings.append(finding("minimumProtocolVersion", old(low), .warning)) }
    let ciphers = (values["ciphers"] ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
      .filter { !$0.isEmpty }
    findings += ciphers.filter { ChoreoConnect.CipherSuite($0) == nil }.map { finding("ciphers", unknownCipher($0)) }
    if low == .tls13, !ciphers.isEmpty { findings.append(finding("ciphers", Self.uselessCiphers, .warning)) }
    if let low, let high, low <= high {
      let settings = ChoreoConnect.UpstreamTLS(
        minimum: low, maximum: high, ciphers: ciphers.filter { ChoreoConnect.CipherSuite($0) != nil })
      findings += unserved(settings).map { finding("ciphers", $0) }
    }
    if values["verifyHostName"] == "false" { findings.append(finding("verifyHostName", Self.unverifiedName)) }
    if values["disableSslVerification"] == "true" {
      findings.append(finding("disableSslVerification", Self.unverified))
    }
    return findings
  }

  /// A server among the files that none of the settings suits.
  private func unserved(_ settings: ChoreoConnect.UpstreamTLS) -> [Problem] {
    leaves.filter { ChoreoConnectIdentityRule.isServer($0.certificate) }.compactMap { leaf in
      guard var problem = ChoreoConnectIdentityRule.cipher(for: leaf.certificate, settings) else { return nil }
      problem.what += " (\(leaf.file))"
      return problem
    }
  }

  /// The line of a key in the table.
  private func line(of key: String, in source: Source) -> Int? {
    var isInside = false
    let lines = String(decoding: source.bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let text = line.drop(while: \.isWhitespace)
      if text.hasPrefix("[") {
        isInside = text.dropFirst().prefix { $0 != "]" }.filter { $0 != " " && $0 != "\"" } == Self.table
      } else if isInside, text.hasPrefix(key), text.dropFirst(key.count).drop(while: \.isWhitespace).hasPrefix("=") {
        return source.offset + index + 1
      }
    }
    return nil
  }

  // MARK: - What is wrong

  private func unknownVersion(_ text: String) -> Problem {
    Problem(
      "unknown-tls-version", what: "\"\(text)\" is no protocol version",
      why: "the router then takes its default, which may be another than you meant", fix: "write TLS1_0 to TLS1_3")
  }

  private func reversed(_ low: ChoreoConnect.TLSVersion, _ high: ChoreoConnect.TLSVersion) -> Problem {
    Problem(
      "tls-versions-reversed", what: "the minimum \(low.rawValue) is above the maximum \(high.rawValue)",
      why: "no version is left for the router to offer", fix: "minimumProtocolVersion = \"TLS1_2\", maximum \"TLS1_3\"")
  }

  private func old(_ version: ChoreoConnect.TLSVersion) -> Problem {
    Problem(
      "old-tls-version", what: "\(version.rawValue) is offered", why: "TLS 1.0 and 1.1 are deprecated (RFC 8996)",
      fix: "minimumProtocolVersion = \"TLS1_2\"")
  }

  private func unknownCipher(_ name: String) -> Problem {
    let nearest = NearestWord.find(name, among: ChoreoConnect.CipherSuite.known)
    return Problem(
      "unknown-cipher", what: "the router knows no cipher \"\(name)\"", why: "it refuses settings with such a name",
      fix: nearest.map { "write \($0)" } ?? "use OpenSSL's names of TLS 1.2 suites, separated by commas")
  }

  private static let uselessCiphers = Problem(
    "ciphers-without-effect", what: "ciphers are named, and only TLS 1.3 is offered",
    why: "they are those of TLS 1.2 and before: TLS 1.3 has its own, which can't be chosen",
    fix: "leave ciphers out, or lower minimumProtocolVersion to TLS1_2")

  private static let unverifiedName = Problem(
    "hostname-not-verified", what: "verifyHostName is false",
    why: "any certificate of a trusted authority then passes for every backend", fix: "verifyHostName = true")

  private static let unverified = Problem(
    "verification-disabled", what: "disableSslVerification is true",
    why: "the router then sends requests, and offers its certificate, to whoever answers",
    fix: "disableSslVerification = false")
}

extension ChoreoConnectIdentityRule {
  static func isServer(_ certificate: Certificate) -> Bool {
    guard let usages = try? certificate.extensions.extendedKeyUsage else { return true }
    return usages.contains(.serverAuth) && !usages.contains(.clientAuth)
  }
}

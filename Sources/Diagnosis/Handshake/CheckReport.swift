package import Foundation

/// What `check` found out about a server: what was observed, and what follows from it.
package struct CheckReport: Sendable {
  package var observation: HandshakeObservation
  package var diagnoses: [HandshakeDiagnosis]
  package var checkedAt: Date

  package init(_ observation: HandshakeObservation, at now: Date) {
    self.observation = observation
    diagnoses = observation.diagnose(at: now)
    checkedAt = now
  }

  /// Whether nothing was found that keeps mutual TLS from working.
  package var isHealthy: Bool { !diagnoses.contains { $0.severity == .problem } }
}

extension CheckReport: Encodable {
  private enum CodingKeys: String, CodingKey { case checkedAt, healthy, stance, diagnoses }

  /// The observation's keys, and beside them `checkedAt`, `healthy`, `stance` and `diagnoses`.
  package func encode(to encoder: any Encoder) throws {
    try observation.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(checkedAt.timestamp, forKey: .checkedAt)
    try container.encode(isHealthy, forKey: .healthy)
    try container.encode(observation.stance, forKey: .stance)
    try container.encode(diagnoses, forKey: .diagnoses)
  }
}

// MARK: - Text

extension CheckReport {
  /// The report as lines of text. What a server sent is stripped of control characters.
  package func render() -> [String] {
    let lines = serverLines() + certificateLines() + verdictLines() + clientLines() + diagnosisLines()
    return lines.map { line in
      String(String.UnicodeScalarView(line.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
  }

  private func serverLines() -> [String] {
    let at = observation.address.map { $0 == observation.endpoint.host ? "" : " (\($0))" } ?? ""
    var lines = [row("server", "\(observation.endpoint)\(at)")]
    if let nats = observation.nats {
      let flags = [
        ("tls_required", nats.tlsRequired), ("tls_verify", nats.tlsVerify), ("auth_required", nats.authRequired),
      ]
      let text = flags.map { "\($0.0) \($0.1 == true ? "yes" : "no")" }.joined(separator: ", ")
      lines.append(row("nats", "\(nats.version ?? "unknown version"), \(text)"))
    }
    if let tls = observation.tls {
      let group = tls.group.map { ", \($0)\(tls.askedForAnotherGroup ? " (after a retry)" : "")" } ?? ""
      lines.append(row("tls", "\(tls.version), \(tls.cipherSuite)\(group)"))
    }
    if let upstream = observation.upstream { lines.append(row("router's tls", upstream.text)) }
    return lines
  }

  private func certificateLines() -> [String] {
    observation.certificates.enumerated().flatMap { index, certificate -> [String] in
      var lines = [row(index == 0 ? "certificate" : "issuer \(index)", certificate.title)]
      if let facts = certificate.facts {
        let names = facts.dnsNames + facts.ipAddresses + facts.uris
        lines.append(row("  issued by", facts.issuer))
        if index == 0 { lines.append(row("  names", names.isEmpty ? "none" : names.joined(separator: ", "))) }
        lines.append(
          row("  valid", "\(facts.notBefore.timestamp) to \(facts.notAfter.timestamp), \(remaining(facts.notAfter))"))
      }
      lines.append(row("  sha-256", certificate.fingerprint))
      return lines
    }
  }

  private func verdictLines() -> [String] {
    let chain: String
    switch observation.server.chain {
    case .trusted(let path): chain = "trusted: \(path.joined(separator: " <- "))"
    case .untrusted(_, let reason): chain = "not trusted: \(reason)"
    case .notVerified(let reason): chain = "not verified: \(reason)"
    }
    let name: String
    switch observation.server.name {
    case .matches: name = "\(observation.expectedName) matches"
    case .mismatch(let reason): name = "\(observation.expectedName) does not match: \(reason)"
    case .notChecked: name = "not checked"
    }
    return [row("chain", chain), row("name", name)]
  }

  private func clientLines() -> [String] {
    let request: String
    switch observation.clientCertificateRequest {
    case .requested(let asked) where asked.authorities.isEmpty: request = "asked for, no CA named"
    case .requested(let asked): request = "asked for, of \(asked.authorities.joined(separator: "; "))"
    case .notRequested: request = "not asked for"
    case .unknown: request = "not visible whether it is asked for"
    }
    return [row("client cert", request)]
      + observation.attempts.map { attempt in
        switch attempt.credential {
        case .none: row("  with none", attempt.outcome.description)
        case .foreign: row("  with foreign", attempt.outcome.description)
        case .own: row("  with ours", attempt.outcome.description)
        }
      }
  }

  private func diagnosisLines() -> [String] {
    diagnoses.flatMap { diagnosis -> [String] in
      var lines = ["", row(diagnosis.severity.rawValue, diagnosis.cause), row("  evidence", diagnosis.evidence)]
      if let fix = diagnosis.fix { lines.append(row("  fix", fix)) }
      return lines
    }
  }

  private func row(_ title: String, _ text: String) -> String {
    title + String(repeating: " ", count: max(1, 16 - title.count)) + text
  }

  private func remaining(_ end: Date) -> String {
    let days = (end.timeIntervalSince(checkedAt) / 86400).rounded(.down)
    guard days.magnitude < 1_000_000 else { return "far away" }
    if days < 0 { return "expired" }
    return days == 1 ? "1 day left" : "\(Int(days)) days left"
  }
}

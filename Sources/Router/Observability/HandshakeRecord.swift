import Credentials
import Diagnosis
package import Foundation
import Synchronization

/// All that is known of a connection or a request that was turned away: what the client showed, and what was expected of
/// it. What strangers chose is kept in part where it is long: see ``Kept``.
package struct HandshakeRecord: Codable, Sendable, Hashable {
  package struct Presented: Codable, Sendable, Hashable {
    package var subject: String
    package var issuer: String
    package var serial: String
    package var names: [String]
    /// How many more names there are; nil where these are all.
    package var namesLeftOut: Int?
    package var notBefore: Date
    package var notAfter: Date
    package var fingerprint: String
  }

  package var id: String
  package var time: Date
  package var listener: String
  package var client: String
  package var outcome: String
  package var reason: String?
  package var hint: String?
  package var rule: String?
  /// The chain as it was sent, PEM, the leaf first.
  package var chain: [String]
  /// How many more certificates were sent; nil where these are all.
  package var chainLeftOut: Int?
  package var presented: Presented?
  /// What the listener trusts, by subject.
  package var trusted: [String]
  /// The rules that could have allowed it, with their conditions.
  package var allow: [String]
  package var deny: [String]
  package var version: String?
  package var serverName: String?
  /// The alert that the client sent, where it ended the handshake.
  package var clientAlert: Int?
  /// Of a request: what was asked for, without its query.
  package var method: String?
  package var host: String?
  package var path: String?
  /// Of a request: which route took it, with its host and path, or `to`.
  package var route: String?
  /// Of a request where it would have gone, of a connection where it went.
  package var cluster: String?
  package var endpoint: String?
}

extension HandshakeRecord {
  /// - Parameter route: the rules that decided beside the listener's.
  init(_ connection: Connection, _ end: ConnectionEnd, route: IdentityRules? = nil, at now: Date) {
    let facts = connection.facts
    let rules = connection.listener.rules
    let trust = connection.listener.tls?.trust
    let sent = facts.verdict?.chain ?? []
    let chain = Kept.chain(sent)
    self.init(
      id: Self.newID(), time: now, listener: connection.listener.name, client: connection.clientAddress.description,
      outcome: end.code, reason: end.message.map(Kept.text),
      hint: end.hint(connection.listener.configuration.tls).map(Kept.text), rule: facts.rule, chain: chain,
      chainLeftOut: chain.count < sent.count ? sent.count - chain.count : nil,
      presented: facts.verdict?.peer.map { Presented($0) }, trusted: trust?.subjects ?? [],
      allow: (route?.allow.isEmpty == false ? route?.allow : rules?.allow)?.map(Self.text) ?? [],
      deny: ((route?.deny ?? []) + (rules?.deny ?? [])).map(Self.text), version: facts.agreement?.version,
      serverName: facts.agreement?.serverName.map(Kept.text), clientAlert: end.alert.map(Int.init),
      cluster: facts.cluster, endpoint: facts.endpoint?.description)
  }

  /// A request that rules refused.
  /// - Parameter rules: those that decided beside the listener's.
  init(_ transaction: HTTPTransaction, _ refusal: PeerRefusal, by rules: IdentityRules, at now: Date) {
    let (request, listener) = (transaction.request, transaction.connection.listener)
    self.init(transaction.connection, .refused(refusal), route: rules, at: now)
    method = Kept.text(request.method)
    host = Kept.text(request.authority)
    path = Kept.text(String(request.path))
    if let index = listener.routes.firstIndex(where: { $0.configuration.takes(request) }) {
      let taken = listener.routes[index]
      route = "routes[\(index)] \(taken.configuration.conditions)"
      cluster = taken.cluster.name
    } else {
      route = listener.cluster == nil ? nil : "to"
      cluster = listener.cluster?.name
    }
  }

  /// A rule as people look for it in router.yaml: by its name or place, and with what it asks for.
  private static func text(_ rule: IdentityRule) -> String {
    guard let name = rule.name else { return rule.description }
    return "\(name) (\(rule.conditions.map(\.description).joined(separator: ",")))"
  }

  private static func newID() -> String {
    let number = UInt64.random(in: .min ... .max)
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}

extension HandshakeRecord.Presented {
  init(_ peer: PeerIdentity) {
    let names = Kept.names(of: peer)
    self.init(
      subject: Kept.text(peer.subject), issuer: Kept.text(peer.issuer), serial: Kept.text(peer.serial),
      names: names.kept, namesLeftOut: names.leftOut > 0 ? names.leftOut : nil, notBefore: peer.notBefore,
      notAfter: peer.notAfter,
      fingerprint: peer.fingerprint)
  }
}

extension RouteConfiguration {
  /// What a request has to be for it.
  fileprivate var conditions: String {
    let parts = [host.map { "host=\($0.text)" }, path.map { "path=\($0)" }].compactMap { $0 }
    return parts.isEmpty ? "any" : parts.joined(separator: ",")
  }
}

/// How much is kept of what strangers chose: enough to know it by. A certificate may hold thousands of names, nobody has
/// to be let in to show it, and a thousand records are kept.
enum Kept {
  static let mostNames = 32
  static let mostNameBytes = 8 << 10
  static let mostTextBytes = 1 << 10
  /// Of PEM.
  static let mostChainBytes = 16 << 10

  static func text(_ text: String) -> String {
    guard text.utf8.count > mostTextBytes else { return text }
    return String(decoding: text.utf8.prefix(mostTextBytes), as: UTF8.self) + "…"
  }

  /// The first of its DNS names, addresses and URIs, and how many are left out.
  static func names(of peer: PeerIdentity) -> (kept: [String], leftOut: Int) {
    var kept: [String] = []
    var bytes = 0
    for name in [peer.dnsNames, peer.addresses, peer.uris].joined() {
      bytes += name.utf8.count
      guard kept.count < mostNames, bytes <= mostNameBytes else { break }
      kept.append(name)
    }
    return (kept, peer.dnsNames.count + peer.addresses.count + peer.uris.count - kept.count)
  }

  /// As many certificates as there is room for, whole, as PEM.
  static func chain(_ chain: [[UInt8]]) -> [String] {
    var kept: [String] = []
    var bytes = 0
    for der in chain where bytes <= mostChainBytes {
      // One that has no room in binary isn't made into text at all.
      let text: String? = der.count < mostChainBytes ? pem(der) : nil
      bytes += text?.utf8.count ?? der.count
      if let text, bytes <= mostChainBytes { kept.append(text) }
    }
    return kept
  }

  private static func pem(_ der: [UInt8]) -> String {
    "-----BEGIN CERTIFICATE-----\n"
      + Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
      + "\n-----END CERTIFICATE-----\n"
  }
}

extension ConnectionEnd {
  /// What to do about it.
  /// - Parameter settings: the listener's.
  func hint(_ settings: TLSSettings) -> String? {
    switch self {
    case .refused(let refusal), .client(.refused(let refusal)): refusal.hint
    case .client(.tls(let failure)): failure.hint(settings)
    default: nil
    }
  }

  var alert: UInt8? { if case .client(.tls(let failure)) = self { failure.alert } else { nil } }
}

extension TLSFailure {
  /// What to do about a client's handshake that failed, by the alert that it sent or by BoringSSL's words.
  fileprivate func hint(_ settings: TLSSettings) -> String? {
    if let alert {
      return TLSAlert(rawValue: alert).concernsCertificate
        ? "the client doesn't take the router's certificate: `countersign check HOST:PORT --trust FILE`, with what it trusts"
        : nil
    }
    switch reason {
    case "unsupported protocol" where settings.min == .tls13:
      return "the listener takes TLS 1.3 alone: bring the client up to it, or say tls: {min: \"1.2\"}"
    case "unsupported protocol":
      return "the listener takes TLS \(settings.min.rawValue) to \(settings.max.rawValue), by tls.min and tls.max"
    case "no shared cipher": return "no cipher suite in common, or none for the kind of the router's key: tls.ciphers"
    case "no shared group", "wrong curve": return "no group for the key exchange in common: tls.groups"
    case "no common signature algorithms": return "the client can't verify signatures of the router's kind of key"
    case "http request": return "the client speaks HTTP without TLS: https:// is meant"
    case "wrong version number": return "what came is no TLS: does the client speak it?"
    default: return nil
    }
  }
}

/// The latest records. Shared by all workers.
package final class HandshakeRecords: Sendable {
  private static let capacity = 1000
  private struct Ring {
    var records: [HandshakeRecord] = []
    var next = 0
  }

  private let ring = Mutex(Ring())

  package init() {}

  func add(_ record: HandshakeRecord) {
    ring.withLock { ring in
      if ring.records.count < Self.capacity {
        ring.records.append(record)
      } else {
        ring.records[ring.next] = record
        ring.next = (ring.next + 1) % Self.capacity
      }
    }
  }

  package func record(_ id: String) -> HandshakeRecord? { ring.withLock { $0.records.first { $0.id == id } } }

  /// The newest first.
  package var latest: [HandshakeRecord] {
    ring.withLock { ring in Array((ring.records[ring.next...] + ring.records[..<ring.next]).reversed()) }
  }
}

import Credentials
package import Foundation
import Synchronization

/// All that is known of a connection that was turned away: what the client showed, and what was expected of it.
package struct HandshakeRecord: Codable, Sendable, Hashable {
  package struct Presented: Codable, Sendable, Hashable {
    package var subject: String
    package var issuer: String
    package var serial: String
    package var names: [String]
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
  package var presented: Presented?
  /// What the listener trusts, by subject.
  package var trusted: [String]
  /// The rules that could have allowed it.
  package var allow: [String]
  package var deny: [String]
  package var version: String?
  package var serverName: String?
  /// The alert that the client sent, where it ended the handshake.
  package var clientAlert: Int?
  package var cluster: String?
  package var endpoint: String?
}

extension HandshakeRecord {
  /// - Parameter route: the rules that decided beside the listener's.
  init(_ connection: Connection, _ end: ConnectionEnd, route: IdentityRules? = nil, at now: Date) {
    let facts = connection.facts
    let rules = connection.listener.rules
    let peer = facts.verdict?.peer
    let trust = connection.listener.tls?.trust
    self.init(
      id: Self.newID(), time: now, listener: connection.listener.name, client: connection.clientAddress.description,
      outcome: end.code, reason: end.message, hint: end.hint, rule: facts.rule,
      chain: (facts.verdict?.chain ?? []).map(Self.pem),
      presented: peer.map {
        Presented(
          subject: $0.subject, issuer: $0.issuer, serial: $0.serial, names: $0.dnsNames + $0.addresses + $0.uris,
          notBefore: $0.notBefore, notAfter: $0.notAfter, fingerprint: $0.fingerprint)
      },
      trusted: trust?.subjects ?? [],
      allow: (route?.allow.isEmpty == false ? route?.allow : rules?.allow)?.map(\.description) ?? [],
      deny: ((route?.deny ?? []) + (rules?.deny ?? [])).map(\.description), version: facts.agreement?.version,
      serverName: facts.agreement?.serverName, clientAlert: end.alert.map(Int.init), cluster: facts.cluster,
      endpoint: facts.endpoint?.description)
  }

  private static func newID() -> String {
    let number = UInt64.random(in: .min ... .max)
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  private static func pem(_ der: [UInt8]) -> String {
    "-----BEGIN CERTIFICATE-----\n"
      + Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
      + "\n-----END CERTIFICATE-----\n"
  }
}

extension ConnectionEnd {
  var hint: String? { if case .refused(let refusal) = self { refusal.hint } else { nil } }

  var alert: UInt8? { if case .client(.tls(let failure)) = self { failure.alert } else { nil } }
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

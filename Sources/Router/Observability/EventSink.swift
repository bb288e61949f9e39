import Credentials
import Foundation
package import Logging
import Synchronization

/// Where workers tell what happened: lines for the log, and the records of refused handshakes.
///
/// A worker never waits for whoever reads the log: lines that can't be taken in time are dropped and counted.
package final class EventSink: Sendable {
  package struct Configuration: Sendable {
    package var access: AccessLogging

    package init(access: AccessLogging) { self.access = access }
  }

  private let logger: Logger
  private let access: Mutex<AccessLogging>
  private let lines: LineWriter
  /// The logger waits for who reads it: a worker leaves that to this.
  private let telling = DispatchQueue(label: "events")
  private let untold = Atomic<Int>(0)
  private static let mostUntold = 1000
  package let records: HandshakeRecords

  package init(logger: Logger, access: AccessLogging, lines: LineWriter, records: HandshakeRecords) {
    self.logger = logger
    self.access = Mutex(access)
    self.lines = lines
    self.records = records
  }

  package func setAccess(_ access: AccessLogging) { self.access.withLock { $0 = access } }

  package func note(_ message: String) { tell(.info, message) }

  package func problem(_ message: String) { tell(.error, message) }

  private func tell(_ level: Logger.Level, _ message: String) {
    guard untold.add(1, ordering: .relaxed).newValue <= Self.mostUntold else {
      untold.subtract(1, ordering: .relaxed)
      return lines.drop()
    }
    telling.async { [self] in
      logger.log(level: level, "\(message)")
      untold.subtract(1, ordering: .relaxed)
    }
  }

  func ended(_ connection: Connection, _ end: ConnectionEnd) {
    // What is asked on the admin socket is no traffic.
    guard connection.listener.admin == nil else { return }
    let record = end.isRefusal ? HandshakeRecord(connection, end, at: connection.worker.date) : nil
    if let record { records.add(record) }
    let access = access.withLock { $0 }
    guard access == .all || access == .refused && end.isRefusal else { return }
    // Each request has a line of its own.
    guard connection.listener.configuration.protocol != .http || end.isRefusal else { return }
    lines.append(line(connection, end, id: record?.id))
  }

  /// A connection that was closed as soon as it had come.
  func turnedAway(_ client: SocketAddress, listener: ListenerState, _ code: String, at now: Date) {
    guard access.withLock({ $0 }) != .off else { return }
    var line = LogLine()
    line.add("time", timestamp(now))
    line.add("listener", listener.name)
    line.add("client", client.description)
    line.add("outcome", code)
    lines.append(line.ended())
  }

  /// - Returns: the record's ID.
  func refused(_ transaction: HTTPTransaction, _ refusal: PeerRefusal, by rules: IdentityRules) -> String {
    let record = HandshakeRecord(transaction, refusal, by: rules, at: transaction.connection.worker.date)
    records.add(record)
    return record.id
  }

  /// - Parameter isRefusal: the answer isn't a backend's.
  func answered(on connection: Connection, isRefusal: Bool, _ facts: @autoclosure () -> RequestFacts) {
    guard connection.listener.admin == nil else { return }
    let access = access.withLock { $0 }
    guard access == .all || access == .refused && isRefusal else { return }
    lines.append(facts().line(at: connection.worker.date))
  }

  private func line(_ connection: Connection, _ end: ConnectionEnd, id: String?) -> [UInt8] {
    let facts = connection.facts
    var line = LogLine()
    line.add("time", timestamp(connection.worker.date))
    line.add("listener", connection.listener.name)
    line.add("client", connection.clientAddress.description)
    line.add("outcome", end.code)
    line.add("reason", end.message.map(Kept.text))
    line.add("id", id)
    if let peer = facts.verdict?.peer {
      let names = Kept.names(of: peer)
      line.add("subject", Kept.text(peer.subject))
      line.add("names", names.kept)
      if names.leftOut > 0 { line.add("names_left_out", names.leftOut) }
      line.add("serial", Kept.text(peer.serial))
      line.add("issuer", Kept.text(peer.issuer))
    }
    line.add("rule", facts.rule)
    if let agreement = facts.agreement {
      line.add("tls", agreement.version)
      line.add("cipher", agreement.cipher)
      line.add("group", agreement.group)
      line.add("resumed", agreement.isResumed)
      line.add("sni", agreement.serverName)
      line.add("alpn", agreement.applicationProtocol)
    }
    line.add("cluster", facts.cluster)
    line.add("endpoint", facts.endpoint?.description)
    line.add("received", facts.received)
    line.add("sent", facts.sent)
    line.add("handshake_us", Int(facts.handshake))
    line.add("duration_us", Int(Worker.microseconds() - facts.began))
    return line.ended()
  }
}

extension ConnectionEnd {
  /// Whether the client was turned away, which is worth a record with all that is known of it.
  var isRefusal: Bool {
    switch self {
    case .refused, .malformed, .limit, .noRoute: true
    case .client(.tls), .client(.refused): true
    case .handshakeTimeout: true
    default: false
    }
  }
}

/// Milliseconds are enough to put lines in order, and cheap.
func timestamp(_ date: Date) -> String {
  date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
}

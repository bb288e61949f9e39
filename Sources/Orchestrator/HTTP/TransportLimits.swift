package import NIOCore

/// What one connection and one client may take of the server. Durations are as coarse as ``sweepInterval``.
package struct TransportLimits: Hashable, Sendable {
  package var connections: Int
  package var connectionsPerAddress: Int
  /// Handshakes that have begun and not ended, on one event loop: past it the oldest is given up.
  package var handshakesPerLoop = 512
  package var handshakeTimeout: TimeAmount
  /// From the first byte of a request to its last.
  package var requestTimeout: TimeAmount
  /// Between requests.
  package var idleTimeout: TimeAmount
  /// How long a client may leave what was sent to it unread.
  package var writeTimeout: TimeAmount = .seconds(30)
  /// How long a connection stays open after its last answer, for the client to read it.
  package var lingerTimeout: TimeAmount = .seconds(2)
  /// How long requests under way may go on after the signal to stop.
  package var shutdownTimeout: TimeAmount
  /// Bytes of a request's body.
  package var bodySize = 1 << 20
  /// Bytes of all header fields of a request.
  package var headerListSize = 16 * 1024
  package var headerFields = 100
  /// Requests at once on one HTTP/2 connection.
  package var concurrentStreams = 100
  /// Streams that a client may reset in half a minute on one HTTP/2 connection; twice that of PING, SETTINGS and
  /// PRIORITY frames.
  package var streamResets = 100

  package init(_ limits: ServerLimits = ServerLimits()) {
    connections = limits.connections
    connectionsPerAddress = limits.connectionsPerAddress
    handshakeTimeout = TimeAmount(limits.handshakeTimeout)
    requestTimeout = TimeAmount(limits.requestTimeout)
    idleTimeout = TimeAmount(limits.idleTimeout)
    shutdownTimeout = TimeAmount(limits.shutdownTimeout)
  }

  /// How often deadlines are looked at.
  var sweepInterval: TimeAmount {
    let shortest = [handshakeTimeout, requestTimeout, idleTimeout, writeTimeout, lingerTimeout].min() ?? .seconds(4)
    return max(.milliseconds(50), min(.seconds(1), .nanoseconds(shortest.nanoseconds / 4)))
  }
}

/// What clients may take of a listener.
package struct ListenerLimits: Hashable, Sendable {
  package var connections: Int
  /// Connections of one client certificate; nil for no limit.
  package var perIdentity: Int?
  /// nil for no limit.
  package var handshakesPerSecond: Int?
  package var handshakeTimeout: Duration
  /// How long a connection may lie idle; nil for any time.
  package var idle: Duration?
  /// Bytes of a request's head.
  package var header: Int
  /// Bytes of a request's body; nil for no limit.
  package var body: Int?
  /// From the first byte of a request's head to its last.
  package var request: Duration

  package init(
    connections: Int = 10_000, perIdentity: Int? = nil, handshakesPerSecond: Int? = nil,
    handshakeTimeout: Duration = .seconds(10), idle: Duration? = .seconds(3600), header: Int = 32_768,
    body: Int? = nil, request: Duration = .seconds(30)
  ) {
    self.connections = connections
    self.perIdentity = perIdentity
    self.handshakesPerSecond = handshakesPerSecond
    self.handshakeTimeout = handshakeTimeout
    self.idle = idle
    self.header = header
    self.body = body
    self.request = request
  }
}

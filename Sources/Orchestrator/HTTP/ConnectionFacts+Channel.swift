import NIOCore

extension ConnectionFacts {
  /// What is known of the connection that a channel belongs to; under HTTP/2 its parent knows.
  static func of(_ channel: any Channel) -> ConnectionFacts {
    ConnectionFacts(source: channel.remoteAddress?.ipAddress ?? "unknown", isSecure: false)
  }
}

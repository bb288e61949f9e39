package import NIOCore

extension ConnectionFacts {
  /// The facts of the connection whose requests this task serves. They are set once for each connection, not for each
  /// request.
  @TaskLocal package static var current: ConnectionFacts?

  /// What is known of the connection that a request came on.
  package static func of(_ channel: any Channel) -> ConnectionFacts {
    current ?? ConnectionFacts(source: SourceAddress(channel.remoteAddress).text, isSecure: false)
  }
}

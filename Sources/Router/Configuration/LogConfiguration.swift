package import Logging

package struct LogConfiguration: Hashable, Sendable {
  /// The least grave messages that are logged.
  package var level: Logger.Level
  package var access: AccessLogging

  package init(level: Logger.Level = .info, access: AccessLogging = .all) {
    self.level = level
    self.access = access
  }
}

/// Which connections and requests are logged.
package enum AccessLogging: String, CaseIterable, Hashable, Sendable {
  case all
  case refused
  case off
}

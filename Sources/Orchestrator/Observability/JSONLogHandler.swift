import Foundation
import Glibc
package import Logging

/// Writes each log line as one JSON object: time, level, message, and the metadata as fields beside them.
package struct JSONLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  private let sink: @Sendable (String) -> Void

  /// - Parameter sink: takes a whole line, its end included.
  package init(level: Logger.Level, sink: @escaping @Sendable (String) -> Void = JSONLogHandler.writeToStandardError) {
    logLevel = level
    self.sink = sink
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line = "{\"time\":\"\(Self.timestamp())\",\"level\":\"\(event.level)\",\"message\":"
    Self.append("\(event.message)", to: &line)
    let fields = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) where !Self.isEmpty(value) {
      line += ","
      Self.append(Self.fieldName(key), to: &line)
      line += ":"
      Self.append("\(value)", to: &line)
    }
    if let error = event.error {
      line += ",\"error\":"
      Self.append("\(error)", to: &line)
    }
    line += "}\n"
    sink(line)
  }

  /// One call for a line: the kernel doesn't mix it with another thread's.
  package static let writeToStandardError: @Sendable (String) -> Void = { line in
    var rest = Array(line.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // Nobody reads any more: the service goes on without its log.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func isEmpty(_ value: Logger.MetadataValue) -> Bool {
    if case .string(let text) = value { return text.isEmpty }
    return false
  }

  /// The library's own key is `hb.request.id`; `message`, `level` and `time` are taken.
  private static func fieldName(_ key: String) -> String {
    switch key {
    case RequestIdentifier.metadataKey: "request"
    case "time", "level", "message": "\(key)_"
    default: key
    }
  }

  /// RFC 3339, in milliseconds, UTC.
  private static func timestamp() -> String {
    let now = Date().timeIntervalSince1970
    var seconds = time_t(now)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let fraction = String(1000 + Int((now - now.rounded(.down)) * 1000)).dropFirst()
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
  }

  private static func append(_ text: String, to line: inout String) {
    line += "\""
    for scalar in text.unicodeScalars.prefix(4096) {
      switch scalar {
      case "\"": line += "\\\""
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          line += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
          line.unicodeScalars.append(scalar)
        }
      }
    }
    line += "\""
  }
}

internal import LinuxCalls

/// SRV records (RFC 2782).
enum ServiceRecords {
  struct Record: Hashable {
    var host: String
    var port: Int
    var priority: Int
    var weight: Int
  }

  private static let most: Int32 = 64

  /// The records of the lowest priority, which are to be asked first. Blocks.
  static func lookUp(_ name: String) -> [Record] {
    var found = [linux_service_record](repeating: linux_service_record(), count: Int(most))
    let count = linux_service_lookup(name, &found, most)
    guard count > 0 else { return [] }
    let records = found.prefix(Int(count)).map { record in
      Record(
        host: withUnsafeBytes(of: record.host) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) },
        port: Int(record.port), priority: Int(record.priority), weight: Int(record.weight))
    }
    let first = records.map(\.priority).min()
    // A single dot says that the service isn't offered here.
    return records.filter { $0.priority == first && !$0.host.isEmpty && $0.host != "." }
  }
}

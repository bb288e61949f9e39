import Foundation
import Logging
import Synchronization
import TLSRuntime

/// Fetches revocation lists from their URLs, and keeps the last of each.
final class RevocationFetcher: Sendable {
  /// Seconds between two attempts.
  static let interval = 60
  private let lists = Mutex<[String: [UInt8]]>([:])
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  var latest: @Sendable (String) -> [UInt8]? { { [self] url in lists.withLock { $0[url] } } }

  /// Fetches what was never fetched before. Blocks.
  func fetchUnknown(_ urls: Set<String>) {
    let known = lists.withLock { Set($0.keys) }
    fetch(urls.subtracting(known))
  }

  /// Blocks until all have been asked for.
  /// - Returns: whether one is new.
  @discardableResult
  func fetch(_ urls: Set<String>) -> Bool {
    var hasNew = false
    for url in urls {
      switch Self.wait({ await PublicDocument.get(url) }) {
      case .success(let bytes):
        guard (try? RevocationListFile.parse(bytes, path: url)) != nil else {
          logger.error("a revocation list can't be used", metadata: ["url": "\(url)"])
          continue
        }
        hasNew =
          lists.withLock { lists in
            defer { lists[url] = bytes }
            return lists[url] != bytes
          } || hasNew
      case .failure(let failure):
        logger.error("a revocation list can't be fetched", metadata: ["url": "\(url)", "reason": "\(failure.reason)"])
      }
    }
    return hasNew
  }

  /// For a thread that has nothing else to do.
  private static func wait<T: Sendable>(_ body: @escaping @Sendable () async -> T) -> T {
    let box = Mutex<T?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let value = await body()
      box.withLock { $0 = value }
      done.signal()
    }
    while true {
      done.wait()
      if let value = box.withLock({ $0 }) { return value }
    }
  }
}

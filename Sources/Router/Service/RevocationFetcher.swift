import Credentials
package import Foundation
import Glibc
import Logging
import Synchronization
import TLSRuntime

/// What is known of a URL of revocation lists.
package struct FetchedList: Hashable, Sendable {
  /// The last good ones; nil where none has come yet.
  package var bytes: [UInt8]?
  /// When they were asked for first.
  package var wantedSince: Date
}

/// Fetches revocation lists from their URLs, and keeps the last good ones of each.
final class RevocationFetcher: Sendable {
  struct Failure: Error, Hashable {
    var reason: String
  }

  typealias Ask = @Sendable (String) async -> Result<[UInt8], Failure>

  /// Seconds between two attempts.
  static let interval = 60

  private struct Source {
    var list: FetchedList
    /// Why what came last wasn't taken, as it was told.
    var objection: String?
  }

  private let sources = Mutex<[String: Source]>([:])
  private let logger: Logger
  private let ask: Ask

  init(logger: Logger, by ask: @escaping Ask = RevocationFetcher.byHTTP) {
    self.logger = logger
    self.ask = ask
  }

  /// What is known of a URL; nil where nobody has asked for it.
  var latest: @Sendable (String) -> FetchedList? { { [self] url in sources.withLock { $0[url]?.list } } }

  /// Fetches what nobody has asked for yet. All else has its time: a URL that doesn't answer shall hold up no reload
  /// twice. Blocks.
  func fetchUnknown(_ urls: Set<String>) {
    let known = sources.withLock { Set($0.keys) }
    fetch(urls.subtracting(known))
  }

  /// Blocks until all have been asked for, side by side.
  /// - Returns: whether one is new.
  @discardableResult
  func fetch(_ urls: Set<String>, at now: Date = Date()) -> Bool {
    guard !urls.isEmpty else { return false }
    sources.withLock { sources in
      for url in urls where sources[url] == nil {
        sources[url] = Source(list: FetchedList(bytes: nil, wantedSince: now))
      }
    }
    var hasNew = false
    for (url, answer) in answers(urls) {
      switch answer {
      case .success(let bytes):
        if take(bytes, from: url, at: now) { hasNew = true }
      case .failure(let failure):
        logger.error(
          "a revocation list can't be fetched",
          metadata: [
            "url": "\(url)", "reason": "\(failure.reason)",
            "hint": latest(url)?.bytes == nil ? "none has come from there yet" : "the last one goes on to hold",
          ])
      }
    }
    return hasNew
  }

  // MARK: What came

  /// - Returns: whether it is new, and holds from now on.
  private func take(_ bytes: [UInt8], from url: String, at now: Date) -> Bool {
    guard var source = sources.withLock({ $0[url] }) else { return false }
    let last = source.list.bytes
    let told = source.objection
    source.objection = bytes == last ? nil : Self.objection(to: bytes, after: last, from: url, at: now)
    if source.objection == nil { source.list.bytes = bytes }
    let result = source
    sources.withLock { $0[url] = result }
    if let objection = result.objection, objection != told {
      logger.log(
        level: last == nil ? .error : .warning, "a revocation list can't be used",
        metadata: [
          "url": "\(url)", "reason": "\(objection)",
          "hint": last == nil ? "none has come from there yet" : "the last one goes on to hold",
        ])
    }
    return result.objection == nil && bytes != last
  }

  private static func objection(to bytes: [UInt8], after last: [UInt8]?, from url: String, at now: Date) -> String? {
    do throws(RouterSetupError) {
      let newer = try RevocationListFile.parse(bytes, path: url)
      let older = try last.map { last throws(RouterSetupError) in try RevocationListFile.parse(last, path: url) }
      return RevocationSuccession.objection(to: newer, after: older ?? [], at: now)
    } catch {
      return error.problem
    }
  }

  // MARK: Fetching

  private func answers(_ urls: Set<String>) -> [(url: String, answer: Result<[UInt8], Failure>)] {
    let ask = ask
    let answers = Self.wait {
      await withTaskGroup(of: (String, Result<[UInt8], Failure>).self) { group in
        for url in urls { group.addTask { (url, await ask(url)) } }
        var answers: [String: Result<[UInt8], Failure>] = [:]
        for await (url, answer) in group { answers[url] = answer }
        return answers
      }
    }
    return answers.sorted { $0.key < $1.key }.map { (url: $0.key, answer: $0.value) }
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

  static let byHTTP: Ask = { url in
    await PublicDocument.get(url).mapError { Failure(reason: RevocationFetcher.plain($0.reason)) }
  }

  /// The client's words name calls and types.
  static func plain(_ reason: String) -> String {
    let rest = reason.components(separatedBy: "errno: ").dropFirst().first
    if let number = rest.flatMap({ Int32($0.prefix { $0.isNumber }) }) { return String(cString: strerror(number)) }
    if reason.contains("UnknownHost") { return "its host can't be resolved" }
    if reason.contains("deadlineExceeded") || reason.contains("Timeout") { return "no answer in time" }
    return reason
  }
}

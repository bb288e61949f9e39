import Credentials
import Foundation
import Glibc
import Synchronization

/// Names to addresses. Blocks: not for a worker's thread.
enum Resolver {
  /// Many of them. Names are asked for side by side: one for which nobody answers holds up no other.
  ///
  /// - Returns: for each what it stands for; nothing where it can't be resolved.
  static func all(
    _ locations: Set<EndpointLocation>, by resolve: @escaping @Sendable (EndpointLocation) -> [Endpoint.Location]
  ) -> [EndpointLocation: [Endpoint.Location]] {
    let names = locations.filter(\.isName)
    let work = Mutex(Work(left: Array(names)))
    let finished = DispatchGroup()
    for _ in 0..<min(names.count, mostAtOnce) {
      finished.enter()
      Thread.detachNewThread {
        while let name = work.withLock({ $0.left.popLast() }) {
          let found = resolve(name)
          work.withLock { $0.found[name] = found }
        }
        finished.leave()
      }
    }
    finished.wait()
    var found = work.withLock { $0.found }
    for location in locations.subtracting(names) { found[location] = resolve(location) }
    return found
  }

  private struct Work: Sendable {
    var left: [EndpointLocation]
    var found: [EndpointLocation: [Endpoint.Location]] = [:]
  }

  private static let mostAtOnce = 16

  static func locations(_ endpoint: EndpointLocation) -> [Endpoint.Location] {
    switch endpoint {
    case .host(let host, let port):
      addresses(host, port: port).map { Endpoint.Location(address: $0, host: host) }
    case .unix(let path): [Endpoint.Location(address: SocketAddress(.unix(path)), host: nil)]
    case .service(let name):
      ServiceRecords.lookUp(name).flatMap { record in
        addresses(record.host, port: record.port).map { Endpoint.Location(address: $0, host: record.host) }
      }
    }
  }

  static func addresses(_ host: String, port: Int) -> [SocketAddress] {
    guard let port = UInt16(exactly: port) else { return [] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var first: UnsafeMutablePointer<addrinfo>?
    var result = getaddrinfo(host, String(port), &hints, &first)
    // With AI_ADDRCONFIG a loopback address alone counts for nothing. Where nobody answers, nobody would do so to a second
    // question either.
    if noSuchAddress.contains(result) {
      hints.ai_flags = AI_NUMERICSERV
      result = getaddrinfo(host, String(port), &hints, &first)
    }
    guard result == 0 else { return [] }
    defer { freeaddrinfo(first) }
    var found: [SocketAddress] = []
    var next = first
    while let entry = next {
      if let address = entry.pointee.ai_addr, entry.pointee.ai_addrlen <= MemoryLayout<sockaddr_storage>.size {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
          $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen)))
        }
        let place = SocketAddress(storage, length: entry.pointee.ai_addrlen)
        if !found.contains(place) { found.append(place) }
      }
      next = entry.pointee.ai_next
    }
    return found
  }

  /// The name has no address of the families that were asked for. Swift knows no name for EAI_NODATA and EAI_ADDRFAMILY.
  private static let noSuchAddress: Set<Int32> = [EAI_NONAME, -5, -9]
}

extension EndpointLocation {
  /// What it stands for may change.
  var isName: Bool {
    switch self {
    case .host(let host, _): IPAddress(host) == nil
    case .unix: false
    case .service: true
    }
  }
}

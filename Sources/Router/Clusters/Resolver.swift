import Glibc

/// Names to addresses. Blocks: not for a worker's thread.
enum Resolver {
  static func addresses(_ host: String, port: Int) -> [SocketAddress] {
    guard let port = UInt16(exactly: port) else { return [] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var first: UnsafeMutablePointer<addrinfo>?
    // With AI_ADDRCONFIG a loopback address alone counts for nothing.
    if getaddrinfo(host, String(port), &hints, &first) != 0 {
      hints.ai_flags = AI_NUMERICSERV
      guard getaddrinfo(host, String(port), &hints, &first) == 0 else { return [] }
    }
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
}

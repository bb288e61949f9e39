import Credentials
import Glibc
import Synchronization

/// The sockets that clients come on. Made before privileges are dropped, and kept as long as their listener's address stays.
struct ListeningSockets {
  private let workers: Int
  /// By the descriptors' names (systemd's sd_listen_fds(3)).
  private let inherited: [String: Int32]
  private var bound: [String: ListenLocation] = [:]
  /// Where each listener is, with the port that the system chose where it was left to it.
  private(set) var addresses: [String: String] = [:]

  init(workers: Int, environment: [String: String]) {
    self.workers = workers
    inherited = Self.inherited(environment)
  }

  /// What is listened on from now on.
  struct New {
    /// For each worker, by the listener's name.
    var descriptors: [[String: Int32]]
    /// Addresses on which another program listens too.
    var shared: [String]
  }

  /// Binds what is new or has moved. Sockets of listeners that are gone are closed by the workers.
  ///
  /// - Throws: what can't be bound; then nothing is.
  mutating func bind(_ listeners: [ListenerConfiguration]) throws(RouterSetupError) -> New {
    let moved = listeners.filter { bound[$0.name] != $0.listen }
    // Before there is any socket of ours, which would look like another program's.
    let shared = shared(moved)
    var new = [[String: Int32]](repeating: [:], count: workers)
    do throws(RouterSetupError) {
      for listener in moved {
        let (descriptors, address) = try bind(listener)
        for (index, descriptor) in descriptors.enumerated() { new[index][listener.name] = descriptor }
        addresses[listener.name] = address
      }
    } catch {
      for descriptor in new.flatMap(\.values) { close(descriptor) }
      throw error
    }
    bound = Dictionary(listeners.map { ($0.name, $0.listen) }, uniquingKeysWith: { first, _ in first })
    addresses = addresses.filter { bound[$0.key] != nil }
    return New(descriptors: new, shared: shared)
  }

  private func bind(_ listener: ListenerConfiguration) throws(RouterSetupError) -> ([Int32], String) {
    switch listener.listen {
    case .address(let address): return try bind(address, listener)
    case .unix(let path): return (try copies(of: try bind(path: path, listener), listener), "unix:\(path)")
    case .systemd(let name):
      guard let descriptor = inherited[name] else {
        throw RouterSetupError(
          at: Self.key(listener), "systemd passed no socket that is called \(name)",
          hint:
            "set FileDescriptorName=\(name) in the socket unit; passed were: \(inherited.keys.sorted().joined(separator: ", "))"
        )
      }
      return (try copies(of: dup(descriptor), listener), "systemd:\(name)")
    }
  }

  private func bind(
    _ address: ListenAddress, _ listener: ListenerConfiguration
  ) throws(RouterSetupError) -> ([Int32], String) {
    guard var place = Resolver.addresses(address.host, port: address.port).first else {
      throw RouterSetupError(
        at: Self.key(listener), "\(address.host) is no address of this machine", hint: nil, kind: .environment)
    }
    var descriptors: [Int32] = []
    for _ in 0..<workers {
      do throws(SystemCallError) {
        let descriptor = try Self.listen(place)
        descriptors.append(descriptor)
        // Where the system chose a port, the other workers take the same.
        place = Self.name(of: descriptor) ?? place
      } catch {
        for descriptor in descriptors { close(descriptor) }
        throw Self.failure(listener, error)
      }
    }
    return (descriptors, place.description)
  }

  private static func listen(_ place: SocketAddress) throws(SystemCallError) -> Int32 {
    let descriptor = try open(place, sharesPort: true)
    guard Glibc.listen(descriptor, 4096) == 0 else {
      let error = SystemCallError("listen")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// - Parameter sharesPort: gives each a queue of its own, among which the kernel spreads connections.
  private static func open(_ place: SocketAddress, sharesPort: Bool) throws(SystemCallError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(place.family, type, 0)
    guard descriptor >= 0 else { throw SystemCallError("socket") }
    var on: Int32 = 1
    let size = UInt32(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    if sharesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
    if place.family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
    guard place.withSystemAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
      let error = SystemCallError("bind")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  static func name(of descriptor: Int32) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = UInt32(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return result == 0 ? SocketAddress(storage, length: length) : nil
  }

  private func bind(path: String, _ listener: ListenerConfiguration) throws(RouterSetupError) -> Int32 {
    do throws(SystemCallError) {
      return try UnixSocket.listen(path)
    } catch {
      throw Self.failure(listener, error)
    }
  }

  /// All workers wait for the same socket; the kernel wakes one of them.
  private func copies(of descriptor: Int32, _ listener: ListenerConfiguration) throws(RouterSetupError) -> [Int32] {
    var descriptors = [descriptor]
    while descriptors.count < workers, let last = descriptors.last, last >= 0 {
      descriptors.append(fcntl(last, F_DUPFD_CLOEXEC, 0))
    }
    guard descriptors.allSatisfy({ $0 >= 0 }) else {
      let error = SystemCallError("dup")
      for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
      throw Self.failure(listener, error)
    }
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    return descriptors
  }

  // MARK: Others

  /// Where another program listens already that shares its port, as ours do. The kernel lets both, and says nothing.
  private func shared(_ listeners: [ListenerConfiguration]) -> [String] {
    // Those of listeners that have another name or another address now are still open.
    let own = Set(bound.values.compactMap(Self.port))
    return listeners.compactMap { listener -> String? in
      guard case .address(let address) = listener.listen, address.port != 0, !own.contains(address.port),
        let place = Resolver.addresses(address.host, port: address.port).first, Self.isTaken(place)
      else { return nil }
      return place.description
    }
  }

  private static func port(_ location: ListenLocation) -> Int? {
    if case .address(let address) = location { address.port } else { nil }
  }

  /// A socket that doesn't share its port gets none where somebody listens. Connections that go on count for nothing.
  private static func isTaken(_ place: SocketAddress) -> Bool {
    do throws(SystemCallError) {
      close(try open(place, sharesPort: false))
      return false
    } catch {
      return error.number == EADDRINUSE
    }
  }

  // MARK: What can't be bound

  private static func failure(_ listener: ListenerConfiguration, _ error: SystemCallError) -> RouterSetupError {
    let hint: String? =
      switch error.number {
      case EADDRINUSE: "another program listens there; `\(isUnix(listener) ? "ss -lxp" : "ss -ltnp")` says which"
      case EACCES where isUnix(listener):
        "the folder has to be writable for the router's user; once it runs, only folders that had a socket of its own at the start are: restart it"
      case EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE"
      case EADDRNOTAVAIL: "no interface of this machine has this address"
      default: nil
      }
    return RouterSetupError(at: key(listener), "\(listener.listen): \(error)", hint: hint, kind: .environment)
  }

  /// Of router.yaml.
  private static func key(_ listener: ListenerConfiguration) -> String {
    listener.name == RouterService.adminName ? "admin" : "listeners[\(listener.name)].listen"
  }

  private static func isUnix(_ listener: ListenerConfiguration) -> Bool {
    if case .unix = listener.listen { true } else { false }
  }

  // MARK: systemd

  private static func inherited(_ environment: [String: String]) -> [String: Int32] {
    guard environment["LISTEN_PID"].flatMap(Int32.init) == getpid(),
      let count = environment["LISTEN_FDS"].flatMap(Int32.init), (1...1024).contains(count)
    else { return [:] }
    let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
    var sockets: [String: Int32] = [:]
    for index in 0..<count {
      let name = Int(index) < names.count ? String(names[Int(index)]) : "unknown"
      let descriptor = 3 + index
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      sockets[name] = descriptor
    }
    return sockets
  }
}

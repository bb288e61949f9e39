import Glibc
import Logging
import Testing

@testable import Router

@Suite("one end of a connection")
struct SideTests {
  @Test("what is thrown away doesn't overwrite what another side has read")
  func discard() throws {
    let events = EventSink(
      logger: Logger(label: "test"), access: .off, lines: LineWriter(2), records: HandshakeRecords())
    let worker = try Worker(index: 0, events: events)
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { close(ends[1]) }
    let side = Side(ends[0], owner: SocketOwner(worker: worker), worker: worker)
    side.isReadable = true
    worker.scratch.copyBytes(from: [1, 2, 3, 4])
    #expect(write(ends[1], [9, 9, 9, 9], 4) == 4)
    #expect(side.discard(upTo: 4) == 4)
    #expect(Array(worker.scratch.prefix(4)) == [1, 2, 3, 4])
  }

  @Test("a client by IPv4 on a socket for both families is known by its IPv4 address")
  func mapped() throws {
    var storage = sockaddr_storage()
    try withUnsafeMutableBytes(of: &storage) { raw in
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = UInt16(443).bigEndian
      try #require(inet_pton(AF_INET6, "::ffff:10.0.0.5", &address.sin6_addr) == 1)
      raw.storeBytes(of: address, as: sockaddr_in6.self)
    }
    let address = SocketAddress(storage, length: UInt32(MemoryLayout<sockaddr_in6>.size))
    #expect(address.kind == .v4([10, 0, 0, 5], port: 443))
  }
}

import Foundation
import Synchronization
import Testing

@testable import Router

/// A name server that says what it is told to, and remembers what it was asked.
private final class Names: Sendable {
  private let addresses: Mutex<[String: [UInt8]]>
  private let asked = Mutex<[EndpointLocation]>([])

  init(_ addresses: [String: [UInt8]]) { self.addresses = Mutex(addresses) }

  var resolve: @Sendable (EndpointLocation) -> [Endpoint.Location] {
    { [self] location in
      asked.withLock { $0.append(location) }
      guard case .host(let host, let port) = location, let address = addresses.withLock({ $0[host] }) else { return [] }
      return [Endpoint.Location(address: SocketAddress(.v4(address, port: UInt16(port))), host: host)]
    }
  }

  func set(_ host: String, _ address: [UInt8]?) { addresses.withLock { $0[host] = address } }

  /// What it was asked since the last time, by name.
  func questions() -> [String] {
    let found = asked.withLock { asked in
      defer { asked = [] }
      return asked
    }
    return found.map(\.description).sorted()
  }
}

@Suite("what names stand for in a snapshot")
struct ResolutionOfSnapshotTests {
  private let names = Names(["a.example.org": [10, 0, 0, 1], "b.example.org": [10, 0, 0, 2]])
  private let now = Date(timeIntervalSince1970: 1_900_000_000)

  private func build(_ hosts: [String], retries: Int = 1, after previous: Snapshot? = nil) throws -> Snapshot {
    let cluster = ClusterConfiguration(
      name: "back", endpoints: hosts.map { .host($0, port: 80) }, retries: retries)
    let builder = SnapshotBuilder(reading: { _ in [] }, resolved: names.resolve)
    return try builder.build(RouterConfiguration(listeners: [], clusters: [cluster]), after: previous, at: now)
  }

  private func addresses(_ snapshot: Snapshot) -> [String] {
    snapshot.clusters[0].current.map(\.location.address.description)
  }

  @Test("the next snapshot asks only for names that nobody has asked for, whether the others resolve or not")
  func onlyUnknown() throws {
    let first = try build(["a.example.org", "c.example.org"])
    #expect(names.questions() == ["a.example.org:80", "c.example.org:80"])
    #expect(addresses(first) == ["10.0.0.1:80"])
    #expect(first.clusters[0].unresolved.map(\.description) == ["c.example.org:80"])
    names.set("a.example.org", nil)
    let same = try build(["a.example.org", "c.example.org"], after: first)
    #expect(names.questions().isEmpty && same.clusters[0] === first.clusters[0])
    let second = try build(["b.example.org", "c.example.org", "a.example.org"], retries: 2, after: same)
    #expect(names.questions() == ["b.example.org:80"])
    #expect(addresses(second) == ["10.0.0.2:80", "10.0.0.1:80"])
    #expect(second.clusters[0].unresolved.map(\.description) == ["c.example.org:80"])
    #expect(second.clusters[0].current[1] === first.clusters[0].current[0])
    // What the snapshot in force has isn't touched by the making of another.
    #expect(addresses(first) == ["10.0.0.1:80"])
    let third = try build(["b.example.org"], after: second)
    #expect(names.questions().isEmpty && addresses(third) == ["10.0.0.2:80"])
    #expect(third.clusters[0].unresolved.isEmpty)
  }

  @Test("answers replace what was known, but for those that are none")
  func answers() throws {
    let cluster = try build(["a.example.org", "b.example.org", "c.example.org"]).clusters[0]
    let locations = cluster.configuration.endpoints
    let moved = Endpoint.Location(address: SocketAddress(.v4([10, 0, 0, 9], port: 80)), host: "a.example.org")
    cluster.take([locations[0]: [moved], locations[1]: []])
    #expect(cluster.current.map(\.location.address.description) == ["10.0.0.9:80", "10.0.0.2:80"])
    #expect(cluster.unresolved == [locations[1], locations[2]])
    let found = Endpoint.Location(address: SocketAddress(.v4([10, 0, 0, 3], port: 80)), host: "c.example.org")
    cluster.take([locations[2]: [found]])
    #expect(cluster.current.map(\.location.address.description) == ["10.0.0.9:80", "10.0.0.2:80", "10.0.0.3:80"])
    #expect(cluster.unresolved == [locations[1]])
    cluster.take([.host("elsewhere.example.org", port: 80): []])
    #expect(cluster.unresolved == [locations[1]])
  }

  @Test("names are asked for side by side: who waits for the answer to one gets it, although another has none yet")
  func sideBySide() throws {
    let arrived = Mutex(0)
    let found = Resolver.all([.host("a.example.org", port: 80), .host("b.example.org", port: 80)]) { _ in
      arrived.withLock { $0 += 1 }
      // One after the other, the first would wait for the second in vain.
      let end = Date().addingTimeInterval(180)
      while arrived.withLock({ $0 }) < 2, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
      return arrived.withLock { $0 } == 2 ? [Endpoint.Location(address: SocketAddress(.unknown), host: nil)] : []
    }
    #expect(found.count == 2 && found.values.allSatisfy { !$0.isEmpty })
  }
}

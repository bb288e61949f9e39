import Logging
import Testing

@testable import Router

// Expectations can't change what they look at.
private final class Wheel {
  private var wheel = TimerWheel(now: 0)

  func start(_ owner: SocketOwner, at deadline: Int64) -> Int32 { wheel.start(owner, at: deadline) }
  func move(_ timer: Int32, to deadline: Int64) { wheel.move(timer, to: deadline) }
  func stop(_ timer: Int32) { wheel.stop(timer) }
  func due(_ now: Int64) -> [SocketOwner] { wheel.due(now) }
}

private final class Rate {
  private var rate = HandshakeRate()

  func take(limit: Int, now: Int64) -> Bool { rate.take(limit: limit, now: now) }
}

@Suite("the timer wheel")
struct TimerWheelTests {
  private final class Owner: SocketOwner {}

  private let worker: Worker

  init() throws {
    let events = EventSink(
      logger: Logger(label: "test"), access: .off, lines: LineWriter(2), records: HandshakeRecords())
    worker = try Worker(index: 0, events: events)
  }

  @Test("a timer goes off once its time has come, up to a tick late, and not before")
  func due() {
    let wheel = Wheel()
    let owner = Owner(worker: worker)
    _ = wheel.start(owner, at: 1_000)
    #expect(wheel.due(999).isEmpty)
    #expect(wheel.due(1_000 + TimerWheel.tick).contains { $0 === owner })
  }

  @Test(
    "one that lies further ahead than the wheel reaches waits its turns", arguments: [60_000, 3_600_000] as [Int64])
  func far(deadline: Int64) {
    let wheel = Wheel()
    let owner = Owner(worker: worker)
    _ = wheel.start(owner, at: deadline)
    var now: Int64 = 0
    while now < deadline - TimerWheel.tick {
      now += TimerWheel.tick
      #expect(wheel.due(now).isEmpty, "at \(now)")
    }
    #expect(wheel.due(deadline + 2 * TimerWheel.tick).count == 1)
  }

  @Test("one that is moved or stopped doesn't go off at its old time")
  func moved() {
    let wheel = Wheel()
    let (moved, stopped) = (Owner(worker: worker), Owner(worker: worker))
    let first = wheel.start(moved, at: 500)
    let second = wheel.start(stopped, at: 500)
    wheel.move(first, to: 2_000)
    wheel.stop(second)
    #expect(wheel.due(1_000).isEmpty)
    #expect(wheel.due(2_200).map { ObjectIdentifier($0) } == [ObjectIdentifier(moved)])
  }

  @Test("after a long pause all whose time has passed go off, each once")
  func pause() {
    let wheel = Wheel()
    let owners = (1...200).map { _ in Owner(worker: worker) }
    for (index, owner) in owners.enumerated() { _ = wheel.start(owner, at: Int64(index) * 977) }
    let due = wheel.due(10_000_000)
    #expect(Set(due.map { ObjectIdentifier($0) }) == Set(owners.map { ObjectIdentifier($0) }))
    #expect(due.count == owners.count)
  }

  @Test("a place that was given back is used again")
  func reuse() {
    let wheel = Wheel()
    let owner = Owner(worker: worker)
    let first = wheel.start(owner, at: 100)
    wheel.stop(first)
    #expect(wheel.start(owner, at: 300) == first)
    #expect(wheel.due(500).count == 1)
  }
}

@Suite("the rate of handshakes")
struct HandshakeRateTests {
  @Test("it lets through what a second allows, and fills again with time")
  func fills() {
    let rate = Rate()
    #expect((0..<10).filter { _ in rate.take(limit: 3, now: 1_000) }.count == 3)
    #expect(!rate.take(limit: 3, now: 1_100))
    #expect((0..<10).filter { _ in rate.take(limit: 3, now: 1_800) }.count == 2)
    #expect((0..<10).filter { _ in rate.take(limit: 3, now: 60_000) }.count == 3)
  }

  @Test("a clock that goes back takes nothing away")
  func back() {
    let rate = Rate()
    #expect(rate.take(limit: 2, now: 5_000))
    #expect(rate.take(limit: 2, now: 1_000))
    #expect(!rate.take(limit: 2, now: 1_000))
  }
}

/// When connections have to be looked at again. Setting and stopping one takes the same time however many there are; a
/// timer goes off up to one tick late.
struct TimerWheel {
  /// Milliseconds.
  static let tick: Int64 = 100
  private static let slots = 512
  private static let none: Int32 = -1

  private struct Entry {
    var owner: Unmanaged<SocketOwner>?
    var deadline: Int64
    var slot: Int32
    var previous: Int32
    var next: Int32
  }

  private var entries: ContiguousArray<Entry> = []
  private var free: Int32 = none
  private var heads: [Int32]
  private var ticked: Int64

  init(now: Int64) {
    heads = Array(repeating: Self.none, count: Self.slots)
    ticked = now / Self.tick
  }

  /// - Parameter owner: has to stop the timer before it goes.
  mutating func start(_ owner: SocketOwner, at deadline: Int64) -> Int32 {
    let index: Int32
    let entry = Entry(
      owner: Unmanaged.passUnretained(owner), deadline: deadline, slot: Self.none, previous: Self.none, next: Self.none)
    if free != Self.none {
      index = free
      free = entries[Int(index)].next
      entries[Int(index)] = entry
    } else {
      index = Int32(entries.count)
      entries.append(entry)
    }
    link(index)
    return index
  }

  mutating func move(_ index: Int32, to deadline: Int64) {
    unlink(index)
    entries[Int(index)].deadline = deadline
    link(index)
  }

  mutating func stop(_ index: Int32) {
    unlink(index)
    entries[Int(index)].owner = nil
    entries[Int(index)].next = free
    free = index
  }

  /// The connections whose time has come. Their timers are still set: each has to be moved or stopped.
  mutating func due(_ now: Int64) -> [SocketOwner] {
    var due: [SocketOwner] = []
    let last = now / Self.tick
    // After a long pause each slot is looked at once.
    var tick = max(ticked, last - Int64(Self.slots) + 1)
    while tick <= last {
      var index = heads[Int(tick % Int64(Self.slots))]
      while index != Self.none {
        let entry = entries[Int(index)]
        if entry.deadline <= now, let owner = entry.owner { due.append(owner.takeUnretainedValue()) }
        index = entry.next
      }
      tick += 1
    }
    ticked = last
    return due
  }

  private mutating func link(_ index: Int32) {
    // What lies further ahead than the wheel reaches waits in its slot for more than one turn.
    let slot = Int(max(entries[Int(index)].deadline / Self.tick + 1, ticked) % Int64(Self.slots))
    let head = heads[slot]
    entries[Int(index)].slot = Int32(slot)
    entries[Int(index)].previous = Self.none
    entries[Int(index)].next = head
    if head != Self.none { entries[Int(head)].previous = index }
    heads[slot] = index
  }

  private mutating func unlink(_ index: Int32) {
    let entry = entries[Int(index)]
    if entry.previous != Self.none {
      entries[Int(entry.previous)].next = entry.next
    } else if entry.slot != Self.none {
      heads[Int(entry.slot)] = entry.next
    }
    if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
  }
}

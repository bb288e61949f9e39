/// Lines of an old text that give way to lines of a new one. One of the ranges may be empty.
struct LineChange: Hashable {
  var old: Range<Int>
  var new: Range<Int>
}

/// Finds what differs between two texts with work that grows with their size and no faster.
enum LineComparison {
  /// Beyond this many lines between two anchors, all of them count as changed.
  private static let exactLimit = 2000

  /// In order, with unchanged lines between one and the next.
  static func changes(from old: [[UInt8]], to new: [[UInt8]]) -> [LineChange] {
    var changed = (old: [Bool](repeating: false, count: old.count), new: [Bool](repeating: false, count: new.count))
    var names: [[UInt8]: Int] = [:]
    func name(_ line: [UInt8]) -> Int {
      if let known = names[line] { return known }
      names[line] = names.count
      return names.count - 1
    }
    let numbers = (old: old.map(name), new: new.map(name))
    var start = (old: 0, new: 0)
    for anchor in anchors(numbers.old[...], numbers.new[...]) + [(numbers.old.count, numbers.new.count)] {
      compare(numbers.old[start.old..<anchor.0], numbers.new[start.new..<anchor.1], &changed)
      start = (min(anchor.0 + 1, numbers.old.count), min(anchor.1 + 1, numbers.new.count))
    }
    return collected(changed)
  }

  /// Lines that stand once in each text and in the same order: they stay where they are.
  private static func anchors(_ old: ArraySlice<Int>, _ new: ArraySlice<Int>) -> [(Int, Int)] {
    var counts: [Int: (old: Int, new: Int, position: Int)] = [:]
    for line in old { counts[line, default: (0, 0, 0)].old += 1 }
    for (position, line) in zip(new.indices, new) {
      counts[line, default: (0, 0, 0)].new += 1
      counts[line]?.position = position
    }
    let pairs = zip(old.indices, old).compactMap { position, line -> (Int, Int)? in
      guard let count = counts[line], count.old == 1, count.new == 1 else { return nil }
      return (position, count.position)
    }
    return longestIncreasing(pairs)
  }

  /// Of pairs that rise in the first, the most that rise in the second too.
  private static func longestIncreasing(_ pairs: [(Int, Int)]) -> [(Int, Int)] {
    var ends: [Int] = []
    var previous = [Int?](repeating: nil, count: pairs.count)
    for (index, pair) in pairs.enumerated() {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if pairs[ends[middle]].1 < pair.1 { low = middle + 1 } else { high = middle }
      }
      previous[index] = low > 0 ? ends[low - 1] : nil
      if low < ends.count { ends[low] = index } else { ends.append(index) }
    }
    var chain: [(Int, Int)] = []
    var next = ends.last
    while let index = next {
      chain.append(pairs[index])
      next = previous[index]
    }
    return chain.reversed()
  }

  private static func compare(
    _ old: ArraySlice<Int>, _ new: ArraySlice<Int>, _ changed: inout (old: [Bool], new: [Bool])
  ) {
    let prefix = zip(old, new).prefix { $0 == $1 }.count
    let (old, new) = (old.dropFirst(prefix), new.dropFirst(prefix))
    let suffix = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.count
    let (left, right) = (old.dropLast(suffix), new.dropLast(suffix))
    guard !left.isEmpty, !right.isEmpty, left.count + right.count <= exactLimit else {
      for index in left.indices { changed.old[index] = true }
      for index in right.indices { changed.new[index] = true }
      return
    }
    for change in right.difference(from: left) {
      switch change {
      case .remove(let offset, _, _): changed.old[left.startIndex + offset] = true
      case .insert(let offset, _, _): changed.new[right.startIndex + offset] = true
      }
    }
  }

  private static func collected(_ changed: (old: [Bool], new: [Bool])) -> [LineChange] {
    var changes: [LineChange] = []
    var (old, new) = (0, 0)
    while old < changed.old.count || new < changed.new.count {
      let start = (old: old, new: new)
      while old < changed.old.count, changed.old[old] { old += 1 }
      while new < changed.new.count, changed.new[new] { new += 1 }
      if start != (old, new) {
        changes.append(LineChange(old: start.old..<old, new: start.new..<new))
      } else {
        old += 1
        new += 1
      }
    }
    return changes
  }
}

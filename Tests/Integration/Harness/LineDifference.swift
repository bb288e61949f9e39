/// How two texts differ, line by line: ` ` in both, `-` expected and missing, `+` not expected. Of what is in both, only
/// the surroundings of a difference are kept.
func difference(expected: [String], actual: [String]) -> [String] {
  let changes = actual.difference(from: expected)
  var removed: Set<Int> = []
  var inserted: Set<Int> = []
  for change in changes {
    switch change {
    case .remove(let offset, _, _): removed.insert(offset)
    case .insert(let offset, _, _): inserted.insert(offset)
    }
  }
  var lines: [String] = []
  var left = 0
  var right = 0
  while left < expected.count || right < actual.count {
    if removed.contains(left) {
      lines.append("- \(expected[left])")
      left += 1
    } else if inserted.contains(right) {
      lines.append("+ \(actual[right])")
      right += 1
    } else {
      lines.append("  \(expected[left])")
      left += 1
      right += 1
    }
  }
  let changed = lines.indices.filter { !lines[$0].hasPrefix("  ") }
  return lines.indices.compactMap { index in
    let distance = changed.map { abs($0 - index) }.min() ?? 0
    return distance <= 3 ? lines[index] : distance == 4 ? "  …" : nil
  }
}

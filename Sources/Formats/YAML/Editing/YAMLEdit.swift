/// One change, seen from a node on the way to it.
struct YAMLEdit {
  enum Change {
    case set(YAMLValue)
    case remove
  }

  /// From the root.
  var path: [YAMLStep]
  var change: Change
  /// The number of steps that lead to the node.
  var depth = 0

  var step: YAMLStep? { depth < path.count ? path[depth] : nil }
  var isRemoval: Bool { if case .remove = change { true } else { false } }
}

/// The edits that take the same step.
struct YAMLEditGroup {
  var step: YAMLStep
  /// As seen after that step.
  var edits: [YAMLEdit]

  /// Whether all that it asks for is the removal of what the step names.
  var isRemoval: Bool { edits.allSatisfy { $0.step == nil && $0.isRemoval } }

  /// In the order in which the steps first occur.
  static func groups(_ edits: [YAMLEdit]) -> [YAMLEditGroup] {
    var groups: [YAMLEditGroup] = []
    var positions: [YAMLStep: Int] = [:]
    for var edit in edits {
      guard let step = edit.step else { continue }
      edit.depth += 1
      if let position = positions[step] {
        groups[position].edits.append(edit)
      } else {
        positions[step] = groups.count
        groups.append(YAMLEditGroup(step: step, edits: [edit]))
      }
    }
    return groups
  }

  /// The value to make where the step names nothing; nil where nothing is to be made.
  var value: YAMLValue? {
    guard let value = Self.value(of: edits) else { return nil }
    guard case .item(let key, let text) = step, case .mapping(let rest) = value else { return value }
    var mapping: YAMLMapping = [key: .text(text)]
    for entry in rest.entries { mapping[entry.key] = entry.value }
    return .mapping(mapping)
  }

  /// What the edits make where nothing is.
  static func value(of edits: [YAMLEdit]) -> YAMLValue? {
    var mapping = YAMLMapping()
    var items: [YAMLValue] = []
    for edit in edits where edit.step == nil {
      if case .set(let value) = edit.change { return value }
    }
    for group in groups(edits) {
      guard let value = group.value else { continue }
      if case .key(let key) = group.step { mapping[key] = value } else { items.append(value) }
    }
    if !items.isEmpty { return .list(items) }
    return mapping.entries.isEmpty ? nil : .mapping(mapping)
  }
}

extension YAMLMeaning {
  /// The position of the entry or element that each group's step names.
  func positions(of groups: [YAMLEditGroup]) -> [Int?] {
    // Found one by one, a thousand elements would take a million comparisons.
    guard groups.count > 4 else { return groups.map { position(of: $0.step) } }
    var steps: [YAMLStep: Int] = [:]
    for (index, entry) in (entries ?? []).enumerated() { steps[.key(entry.key)] = index }
    let keys = Set(groups.compactMap { if case .item(let key, _) = $0.step { key } else { nil } })
    for (index, item) in (items ?? []).enumerated().reversed() {
      steps[.index(index)] = index
      for key in keys {
        if let text = item[key]?.scalar { steps[.item(key: key, equals: text)] = index }
      }
    }
    return groups.map { steps[$0.step] }
  }

  /// The edits that would change something.
  func pending(_ edits: [YAMLEdit]) -> [YAMLEdit] {
    var pending = edits.filter { edit in
      guard edit.step == nil, case .set(let value) = edit.change else { return edit.step == nil }
      return !says(value)
    }
    let groups = YAMLEditGroup.groups(edits)
    let values = self.values
    for (group, position) in zip(groups, positions(of: groups)) {
      if let position {
        pending += values[position].pending(group.edits)
      } else {
        // What a merge key brings isn't absent.
        pending += group.edits.filter { !$0.isRemoval || merges }
      }
    }
    return pending.map { edit in
      var edit = edit
      edit.depth = edits.first?.depth ?? 0
      return edit
    }
  }

  /// Whether a merge key brings keys that don't stand there.
  var merges: Bool { entries?.contains { $0.key == "<<" } ?? false }

  /// Whether this is what the edits make of an old document, and nothing else.
  func isOutcome(of edits: [YAMLEdit], on old: YAMLMeaning) -> Bool {
    guard !edits.isEmpty else { return self == old }
    if let last = edits.first(where: { $0.step == nil }) {
      guard case .set(let value) = last.change else { return false }
      return says(value)
    }
    // A null is as good as an empty mapping or list.
    let oldValues = old.values
    if !old.isNull, (old.entries == nil) != (entries == nil) || old.tag != tag { return false }
    let groups = YAMLEditGroup.groups(edits)
    let positions = old.positions(of: groups)
    var edits: [Int: [YAMLEdit]] = [:]
    var removed: Set<Int> = []
    for (group, position) in zip(groups, positions) {
      guard let position else { continue }
      edits[position, default: []] += group.edits
      if group.isRemoval { removed.insert(position) }
    }
    let kept = oldValues.indices.filter { !removed.contains($0) }
    let added = zip(groups, positions).filter { $0.1 == nil }.compactMap { group, _ in
      group.value.map { (step: group.step, value: $0) }
    }
    let new = values
    guard new.count == kept.count + added.count else { return false }
    if let names = entries?.map(\.key) {
      let expected = kept.compactMap { old.entries?[$0].key }
      let additions = added.compactMap { if case .key(let key) = $0.step { key } else { nil } }
      guard names == expected + additions else { return false }
    }
    return zip(new, kept).allSatisfy { $0.isOutcome(of: edits[$1] ?? [], on: oldValues[$1]) }
      && zip(new.dropFirst(kept.count), added).allSatisfy { $0.says($1.value) }
  }
}

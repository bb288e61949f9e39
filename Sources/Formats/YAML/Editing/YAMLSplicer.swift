/// Turns edits into replacements of bytes.
struct YAMLSplicer {
  /// The place of a node in what it belongs to.
  struct Slot {
    var node: YAMLLayout.Node
    /// After the colon or dash; nil for the root.
    var introEnd: Int?
    /// The column of the mapping or list that it belongs to; -1 for the root.
    var column: Int
    var isItem = false
    /// Inside braces or brackets.
    var isInFlow = false
    var hasColon = true
    /// For messages.
    var name: String
  }

  let layout: YAMLLayout
  let bytes: [UInt8]
  let reader: YAMLLayoutReader
  let habits: YAMLHabits
  private(set) var splices: [Splice] = []

  static func splices(for edits: [YAMLEdit], meaning: YAMLMeaning, bytes: [UInt8]) throws(FormatError) -> [Splice] {
    let reader = YAMLLayoutReader(bytes)
    var layout: YAMLLayout
    do {
      layout = try YAMLLayoutReader.read(bytes)
      try layout.root.adopt(meaning)
    } catch {
      throw .uneditable(
        line: reader.line(of: error.offset), reason: error.reason,
        hint: "write it in the usual way, one key a line, or change the file by hand")
    }
    var splicer = YAMLSplicer(
      layout: layout, bytes: bytes, reader: reader, habits: YAMLHabits(of: layout, in: bytes, reader: reader))
    try splicer.apply(edits, to: Slot(node: layout.root, column: -1, name: ""), meaning: meaning)
    splicer.closeLastScalar()
    return splicer.splices
  }

  mutating func replace(_ range: Range<Int>, with text: String) {
    splices.append(Splice(range: range, text: text))
  }

  // MARK: The way down

  private mutating func apply(_ edits: [YAMLEdit], to slot: Slot, meaning: YAMLMeaning) throws(FormatError) {
    guard let first = edits.first else { return }
    guard let step = first.step else {
      if case .set(let value) = first.change { try reconcile(slot, meaning: meaning, with: value) }
      return
    }
    try checkUnshared(slot, isReplaced: false)
    let wantsMapping = if case .key = step { true } else { false }
    for edit in edits {
      let isKey = if case .key? = edit.step { true } else { false }
      guard isKey == wantsMapping else {
        throw uneditable(slot, "\(subject(slot)) is wanted both as a mapping and as a list", "ask for one of them")
      }
    }
    let isEmptyFlow = slot.node.isFlow && slot.node.children?.isEmpty == true && !slot.isInFlow
    if meaning.isNull || (isEmptyFlow && (meaning.entries != nil) == wantsMapping) {
      try checkIndices(edits, count: 0, slot: slot)
      if let value = YAMLEditGroup.value(of: edits) { setContent(of: slot, to: value) }
      return
    }
    guard slot.node.children != nil, (meaning.entries != nil) == wantsMapping else {
      throw uneditable(
        slot, "\(subject(slot)) is \(meaning.kind), and \(wantsMapping ? "a mapping" : "a list") is needed",
        "correct the file, or remove the value")
    }
    try applyToChildren(edits, of: slot, meaning: meaning)
  }

  private mutating func applyToChildren(
    _ edits: [YAMLEdit], of slot: Slot, meaning: YAMLMeaning
  ) throws(FormatError) {
    let children = slot.node.children ?? []
    let values = meaning.values
    try checkIndices(edits, count: children.count, slot: slot)
    var change = YAMLCollectionChange()
    let groups = YAMLEditGroup.groups(edits)
    for (group, position) in zip(groups, meaning.positions(of: groups)) {
      if let position {
        guard !group.isRemoval else {
          try checkUnshared(child(position, of: slot), isReplaced: true)
          change.removed.insert(position)
          continue
        }
        try apply(group.edits, to: child(position, of: slot), meaning: values[position])
        continue
      }
      guard !meaning.merges else {
        throw uneditable(
          slot, "\(subject(slot)) merges another mapping (<<), which may hold the key already",
          "write the key there by hand first, with any value")
      }
      guard let value = group.value else { continue }
      let key = if case .key(let key) = group.step { key } else { "" }
      change.added.append(YAMLMapping.Entry(key: key, value: value))
    }
    apply(change, to: slot)
  }

  /// Makes a value what it should be with as few changes as there can be.
  private mutating func reconcile(
    _ slot: Slot, meaning: YAMLMeaning, with value: YAMLValue
  ) throws(FormatError) {
    guard !meaning.says(value) else { return }
    try checkUnshared(slot, isReplaced: true)
    guard let children = slot.node.children, !slot.node.hasProperties, !meaning.merges else {
      return setContent(of: slot, to: value)
    }
    var change = YAMLCollectionChange()
    var kept: [(Int, YAMLValue)] = []
    switch value {
    case .mapping(let mapping):
      guard let entries = meaning.entries else { return setContent(of: slot, to: value) }
      for (index, entry) in entries.enumerated() {
        if let wanted = mapping[entry.key] { kept.append((index, wanted)) } else { change.removed.insert(index) }
      }
      let known = Set(entries.map(\.key))
      change.added = mapping.entries.filter { !known.contains($0.key) }
    case .list(let wanted):
      guard let items = meaning.items else { return setContent(of: slot, to: value) }
      let pairing = Self.pair(items, with: wanted)
      kept = pairing.map { ($0.0, wanted[$0.1]) }
      change.removed = Set(items.indices).subtracting(pairing.map(\.0))
      change.added = wanted.dropFirst(pairing.count).map { YAMLMapping.Entry(key: "", value: $0) }
    default: return setContent(of: slot, to: value)
    }
    guard !kept.isEmpty, !children.isEmpty else { return setContent(of: slot, to: value) }
    let values = meaning.values
    for (index, wanted) in kept {
      try reconcile(child(index, of: slot), meaning: values[index], with: wanted)
    }
    apply(change, to: slot)
  }

  /// Which old element becomes which new one. Elements taken out of the middle leave the others untouched.
  private static func pair(_ items: [YAMLMeaning], with wanted: [YAMLValue]) -> [(Int, Int)] {
    let prefix = zip(items, wanted).prefix { $0.says($1) }.count
    let suffix = zip(items.reversed(), wanted.reversed()).prefix { $0.says($1) }.count
    guard items.count > wanted.count, prefix + suffix >= wanted.count else {
      return Array(zip(0..<items.count, 0..<wanted.count))
    }
    let shift = items.count - wanted.count
    return wanted.indices.map { ($0 < prefix ? $0 : $0 + shift, $0) }
  }

  func child(_ index: Int, of slot: Slot) -> Slot {
    guard let children = slot.node.children, children.indices.contains(index) else { return slot }
    let child = children[index]
    let isInFlow = slot.isInFlow || slot.node.isFlow
    return Slot(
      node: child.node, introEnd: child.introEnd, column: isInFlow ? slot.column : reader.column(of: children[0].start),
      isItem: child.key == nil, isInFlow: isInFlow, hasColon: child.hasColon,
      name: slot.name + (child.key.map { slot.name.isEmpty ? $0 : ".\($0)" } ?? "[\(index)]"))
  }
}

// MARK: Refusals
extension YAMLSplicer {
  private func subject(_ slot: Slot) -> String { slot.name.isEmpty ? "the document" : "the value of \(slot.name)" }

  private func uneditable(_ slot: Slot, _ reason: String, _ hint: String) -> FormatError {
    .uneditable(line: reader.line(of: slot.node.start), reason: reason, hint: hint)
  }

  private func checkUnshared(_ slot: Slot, isReplaced: Bool) throws(FormatError) {
    switch slot.node.content {
    case .alias where !isReplaced:
      throw uneditable(
        slot, "\(subject(slot)) is an alias, and a change would change what it stands for elsewhere",
        "write a copy of the value in its place")
    case .pair:
      throw uneditable(
        slot, "\(subject(slot)) is a mapping without braces in a list", "write it with braces, or as a block")
    default: break
    }
    let anchor =
      isReplaced
      ? slot.node.anchor(in: layout.usedAnchors)
      : slot.node.anchor.flatMap { layout.usedAnchors.contains($0) ? $0 : nil }
    if let anchor {
      throw uneditable(
        slot, "\(subject(slot)) has the anchor &\(anchor), and a change would change what uses it too",
        "replace the alias *\(anchor) by a copy of the value")
    }
  }

  private func checkIndices(_ edits: [YAMLEdit], count: Int, slot: Slot) throws(FormatError) {
    var known = count
    for edit in edits {
      guard case .index(let index)? = edit.step, !edit.isRemoval else { continue }
      guard (0...known).contains(index) else {
        throw uneditable(
          slot, "\(subject(slot)) has no element \(index), and elements are added one after the other",
          "the next one is \(known)")
      }
      known = max(known, index + 1)
    }
  }
}

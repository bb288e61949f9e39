import Formats

/// Every place of a document, as far as there are some hundreds.
private func places(_ tree: YAMLTree, _ path: [YAMLStep], into found: inout [[YAMLStep]]) {
  guard found.count < 500 else { return }
  found.append(path)
  switch tree.content {
  case .scalar: break
  case .list(let items):
    for (index, item) in items.enumerated() { places(item, path + [.index(index)], into: &found) }
  case .mapping(let entries):
    for entry in entries { places(entry.value, path + [.key(entry.key)], into: &found) }
  }
}

/// The first byte says what is changed in the rest.
func fuzzYAMLEditor(_ bytes: [UInt8]) {
  guard let choice = bytes.first.map(Int.init) else { return }
  let file = Array(bytes.dropFirst())
  guard let original = try? YAMLEditor(file), let tree = try? YAMLTree.document(file) else { return }
  var found: [[YAMLStep]] = []
  places(tree, [], into: &found)
  let values: [YAMLValue] = [
    .text("new: # \u{e9}"), .block("-----BEGIN X-----\nA\n\nB\n"), .flag(true),
    .list([.text("a"), .mapping(["b": .list([])])]),
    .mapping(["a": .number(1), "b": .mapping(["c": .block("x")])]),
  ]
  let value = values[choice % values.count]
  for path in [
    found[choice % found.count], found[choice % found.count] + ["new", .index(0)],
    ["new", .item(key: "a", equals: "b"), "c"],
  ] {
    var editor = original
    guard (try? editor.set(value, at: path)) != nil else {
      require(editor.text == original.text, "a refused change has changed the text")
      continue
    }
    let once = editor.text
    require((try? editor.set(value, at: path)) != nil && editor.text == once, "the same change twice differs from once")
    if (try? editor.remove(at: path)) == nil {
      require(editor.text == once, "a refused removal has changed the text")
    } else {
      // An element that was taken out gives its number to the next.
      guard case .key? = path.last else { continue }
      let removed = editor.text
      require((try? editor.remove(at: path)) != nil && editor.text == removed, "what was removed is still there")
    }
  }
}

func fuzzTOMLEditor(_ bytes: [UInt8]) {
  guard let original = try? TOMLEditor(bytes) else { return }
  for (table, key) in [
    ("router.upstream.tls", "ciphers"), ("", "title"), ("a.b.d", "new"), ("list", "k"), ("new", "new"),
  ] {
    for value in [TOMLValue.text("a\u{1}\"'\n"), .list(["x", "y"]), .number(-1)] {
      var editor = original
      guard (try? editor.set(value, table: table, key: key)) != nil else {
        require(editor.text == original.text, "a refused change has changed the text")
        continue
      }
      let once = editor.text
      require((try? editor.set(value, table: table, key: key)) != nil && editor.text == once, "twice differs from once")
    }
  }
}

/// Whatever stands around a private key, the key is not shown.
func fuzzDiff(_ bytes: [UInt8]) {
  let half = bytes.count / 2
  let start = String(decoding: bytes.prefix(half), as: UTF8.self)
  let end = String(decoding: bytes.dropFirst(half), as: UTF8.self)
  let secret = "c2VjcmV0c2VjcmV0c2VjcmV0"
  let key = "\n-----BEGIN PRIVATE KEY-----\n\(secret)\n-----END PRIVATE KEY-----\n"
  guard !start.contains(secret), !end.contains(secret) else { return }
  for (old, new) in [(start, start + key + end), (end + key, start + key), (start + end, end + start)] {
    let lines = UnifiedDiff.lines(old: old, new: new, oldName: "old", newName: "new")
    require(!lines.contains { $0.contains(secret) }, "a private key is shown")
  }
}

import Formats
import Foundation
import PKITestKit
import Testing

/// A value of a document with the way to it.
private struct Leaf: Hashable {
  var path: [YAMLStep]
  var node: YAMLTree
}

@Suite("Editing YAML of all sorts")
struct YAMLEditorPropertyTests {
  /// Every value of a tree with its path, collections included.
  private static func leaves(_ tree: YAMLTree, _ path: [YAMLStep] = []) -> [Leaf] {
    let inner: [Leaf] =
      switch tree.content {
      case .scalar: []
      case .list(let items): items.enumerated().flatMap { leaves($1, path + [.index($0)]) }
      case .mapping(let entries): entries.flatMap { leaves($0.value, path + [.key($0.key)]) }
      }
    return [Leaf(path: path, node: tree)] + inner
  }

  private static func tree(_ text: String) throws -> YAMLTree {
    try #require(try YAMLTree.document(Array(text.replacing("\u{feff}", with: "").utf8)))
  }

  /// What a scalar says, and whether it is quoted; nil for collections and nulls, which may become something.
  private static func facts(_ tree: YAMLTree, except path: [YAMLStep]) -> [[YAMLStep]: String] {
    var facts: [[YAMLStep]: String] = [:]
    for leaf in leaves(tree) where !leaf.path.starts(with: path) {
      if case .scalar(let text) = leaf.node.content, !leaf.node.isNull {
        facts[leaf.path] = "\(leaf.node.style == .plain) \(text)"
      }
    }
    return facts
  }

  private static func areSame(_ old: YAMLTree, _ new: YAMLTree, except path: [YAMLStep]) -> Bool {
    facts(old, except: path) == facts(new, except: path)
  }

  private static func comments(_ text: String) -> Set<String> {
    Set(text.matches(of: /# c[0-9]+\./).map { String($0.output) })
  }

  private static let values: [YAMLValue] = [
    .text("new"), .text("yes"), .text("a: b # c"), .flag(true), .number(42), .block("-----BEGIN X-----\nAA\n\nBB\n"),
    .block("no end"), .list([.text("l1"), .mapping(["m": .block("x\ny\n")])]),
    .mapping(["a": .mapping(["b": .list([])])]),
    .mapping(["n": .block("x\n"), "o": .list([.list([.number(1)])])]), .text("several\nlines\n"), .list([]),
  ]

  private struct Change {
    var path: [YAMLStep]
    /// Below which something may change.
    var place: [YAMLStep]
    var value: YAMLValue
    /// Replaces a whole collection, say.
    var losesComments = false
  }

  /// A change that ought to succeed: of a scalar, of a new key, of a new element.
  private static func change(
    of tree: YAMLTree, with generator: inout YAMLDocumentGenerator
  ) -> Change {
    let all = leaves(tree)
    let leaf = all[generator.pick(all.count)]
    let value = values[generator.pick(values.count)]
    switch leaf.node.content {
    case .mapping where generator.one(in: 4) && !leaf.path.isEmpty, .list where generator.one(in: 4):
      return Change(path: leaf.path, place: leaf.path, value: value, losesComments: true)
    case .mapping:
      let path = leaf.path + ["new", "key"].prefix(1 + generator.pick(2))
      return Change(path: path, place: path, value: value)
    case .list(let items):
      let element = leaf.path + [.index(items.count)]
      let path = generator.one(in: 2) ? element : leaf.path + [.item(key: "name", equals: "n-1"), "v"]
      return Change(path: path, place: element, value: value)
    case .scalar(let text):
      // What looks like a comment may be part of a literal scalar.
      return Change(
        path: leaf.path + (leaf.node.isNull ? ["deep", "er"] : []), place: leaf.path, value: value,
        losesComments: text.contains("# c"))
    }
  }

  @Test("a change leaves all other values and all comments, and twice equals once")
  func changes() throws {
    var outcomes: [[String: String]] = []
    for seed in 0..<500 as Range<UInt64> {
      var generator = YAMLDocumentGenerator(seed: seed)
      let text = generator.document()
      for _ in 0..<3 {
        let old = try Self.tree(text)
        let change = Self.change(of: old, with: &generator)
        let context = Comment(rawValue: "seed \(seed): \(change.value) at \(change.path) of\n\(text)")
        var editor = try YAMLEditor(Array(text.utf8))
        let error = formatError { try editor.set(change.value, at: change.path) }
        #expect(error == nil, context)
        guard error == nil else { continue }
        let once = editor.text
        let new = try Self.tree(once)
        #expect(Self.areSame(old, new, except: change.place), context)
        if !change.losesComments { #expect(Self.comments(text).subtracting(Self.comments(once)) == [], context) }
        #expect(once.contains("\r\n") == text.contains("\r\n") || !text.contains("\n"), context)
        try editor.set(change.value, at: change.path)
        #expect(editor.text == once, context)
        outcomes.append(["text": once, "facts": Self.canonical(new)])
      }
    }
    try Self.compareWithPyYAML(outcomes)
  }

  @Test("what was added and removed again leaves the other values and comments")
  func removals() throws {
    for seed in 1000..<1200 as Range<UInt64> {
      var generator = YAMLDocumentGenerator(seed: seed)
      let text = generator.document()
      let old = try Self.tree(text)
      let all = Self.leaves(old).filter { !$0.path.isEmpty }
      let leaf = all[generator.pick(all.count)]
      let context = Comment(rawValue: "seed \(seed): \(leaf.path) of\n\(text)")
      var editor = try YAMLEditor(Array(text.utf8))
      let error = formatError { try editor.remove(at: leaf.path) }
      #expect(error == nil, context)
      let new = try Self.tree(editor.text)
      if case .key = leaf.path.last {
        #expect(Self.areSame(old, new, except: leaf.path), context)
        #expect(!Self.leaves(new).contains { $0.path == leaf.path }, context)
      }
    }
  }

  @Test("many changes at once equal the same changes one by one")
  func batches() throws {
    for seed in 2000..<2300 as Range<UInt64> {
      var generator = YAMLDocumentGenerator(seed: seed)
      let text = generator.document()
      let old = try Self.tree(text)
      var assignments: [YAMLAssignment] = []
      for _ in 0..<4 {
        let change = Self.change(of: old, with: &generator)
        // Which element comes first would depend on the order.
        guard !change.path.contains(where: { if case .key = $0 { false } else { true } }) else { continue }
        assignments.append(YAMLAssignment(path: change.path, value: change.value))
      }
      let context = Comment(rawValue: "seed \(seed): \(assignments) in\n\(text)")
      var atOnce = try YAMLEditor(Array(text.utf8))
      var oneByOne = atOnce
      let first = formatError { try atOnce.set(assignments) }
      let second = formatError { for item in assignments { try oneByOne.set(item.value, at: item.path) } }
      #expect((first == nil) == (second == nil), context)
      guard first == nil, second == nil else {
        #expect(atOnce.text == text, context)
        continue
      }
      let (new, expected) = (try Self.tree(atOnce.text), try Self.tree(oneByOne.text))
      #expect(Self.areSame(new, expected, except: ["no such key"]), context)
      let areApart = assignments.indices.allSatisfy { index in
        !assignments.indices.contains { $0 != index && assignments[$0].path.starts(with: assignments[index].path) }
      }
      guard areApart else { continue }
      let once = atOnce.text
      try atOnce.set(assignments)
      #expect(atOnce.text == once, context)
    }
  }

  /// The tree as nested JSON arrays of strings.
  private static func canonical(_ tree: YAMLTree) -> String {
    func json(_ tree: YAMLTree) -> Any {
      switch tree.content {
      case .scalar(let text): text
      case .list(let items): ["list"] + items.map(json)
      case .mapping(let entries): ["mapping"] + entries.flatMap { [$0.key, json($0.value)] }
      }
    }
    let data = try? JSONSerialization.data(withJSONObject: [json(tree)])
    return String(decoding: data ?? Data(), as: UTF8.self)
  }

  /// An independent reader must get what ours gets.
  private static func compareWithPyYAML(_ outcomes: [[String: String]]) throws {
    let script = """
      import json, sys, yaml
      def tree(value):
          if isinstance(value, dict): return ["mapping"] + [part for k, v in value.items() for part in (k, tree(v))]
          if isinstance(value, list): return ["list"] + [tree(v) for v in value]
          return value
      for number, outcome in enumerate(json.load(sys.stdin)):
          theirs = [tree(yaml.load(outcome["text"], yaml.BaseLoader))]
          ours = json.loads(outcome["facts"])
          if theirs != ours: sys.exit(f"{number}:\\n{outcome['text']}\\n{theirs}\\n{ours}")
      print("same")
      """
    let input = try JSONSerialization.data(withJSONObject: outcomes)
    let output = try Tool.require(PythonTools.python, ["-c", script], input: input)
    #expect(output.text == "same\n")
  }
}

import Formats
import Testing

/// What a change makes of a text.
func edited(_ text: String, _ change: (inout YAMLEditor) throws -> Void) throws -> String {
  var editor = try YAMLEditor(Array(text.utf8))
  try change(&editor)
  return editor.text
}

private func set(_ value: YAMLValue, _ path: YAMLStep..., in text: String) throws -> String {
  try edited(text) { try $0.set(value, at: path) }
}

private func remove(_ path: YAMLStep..., from text: String) throws -> String {
  try edited(text) { try $0.remove(at: path) }
}

@Suite("Editing YAML")
struct YAMLEditorTests {
  private static let values = """
    # The values of the chart.
    replicas: 1   # one is enough

    orchestrator:
        host: "old.example.org"  # dialled by the backend
        port: 9000
        tls:
            enabled: no

        # The mutual part.
        'mtls': {enabled: false, clientCACerts: {}}   # later
    list:
    - name: a
      value: 'it''s'
    # between
    - name: b
    unknown: [1, 2,
      3]
    # the end

    """

  @Test("only the value changes, and its comment stays")
  func scalars() throws {
    #expect(
      try set(.number(2), "replicas", in: Self.values)
        == Self.values.replacing("replicas: 1   #", with: "replicas: 2   #"))
    #expect(
      try set(.text("new.example.org"), "orchestrator", "host", in: Self.values)
        == Self.values.replacing("\"old.", with: "\"new."))
    #expect(
      try set(.flag(true), "orchestrator", "tls", "enabled", in: Self.values)
        == Self.values.replacing("enabled: no", with: "enabled: true"))
    #expect(
      try set(.text("it isn't"), "list", .item(key: "name", equals: "a"), "value", in: Self.values)
        == Self.values.replacing("it''s", with: "it isn''t"))
  }

  @Test("a value that is there already changes no byte, in whatever style it is written")
  func same() throws {
    for (value, path) in [
      (YAMLValue.number(1), ["replicas"]), (.flag(false), ["orchestrator", "tls", "enabled"]),
      (.text("old.example.org"), ["orchestrator", "host"]),
      (.mapping(["clientCACerts": .mapping([:]), "enabled": .flag(false)]), ["orchestrator", "mtls"]),
      (.list([.number(1), .number(2), .number(3)]), ["unknown"]),
    ] as [(YAMLValue, [String])] {
      #expect(try edited(Self.values) { try $0.set(value, at: path.map { .key($0) }) } == Self.values)
    }
    let block = "a: |\n  x\n  y\nb: \"x\\ny\\n\"\n"
    #expect(try set(.text("x\ny\n"), "a", in: block) == block)
    #expect(try set(.block("x\ny\n"), "b", in: block) == block)
  }

  @Test("new keys go to the end of their mapping, indented as its keys are")
  func additions() throws {
    #expect(
      try set(.text("MyOrg1MSP"), "orchestrator", "tls", "pair", "name", in: Self.values)
        == Self.values.replacing(
          "enabled: no\n", with: "enabled: no\n        pair:\n            name: MyOrg1MSP\n"))
    #expect(
      try set(.flag(true), "new", in: Self.values)
        == Self.values.replacing("  3]\n", with: "  3]\nnew: true\n"))
    #expect(
      try set(.text("c"), "list", .item(key: "name", equals: "b"), "value", in: Self.values)
        == Self.values.replacing("- name: b\n", with: "- name: b\n  value: c\n"))
    #expect(
      try set(.text("v"), "list", .item(key: "name", equals: "c"), "value", in: Self.values)
        == Self.values.replacing("- name: b\n", with: "- name: b\n- name: c\n  value: v\n"))
    #expect(
      try set(.text("first"), "hosts", .index(0), in: Self.values)
        == Self.values.replacing("  3]\n", with: "  3]\nhosts:\n- first\n"))
  }

  @Test("a new list stands below its key as the file's lists do", arguments: ["", "  ", "    "])
  func listHabit(indentation: String) throws {
    let text = "a:\n\(indentation)- 1\nb: 1\n"
    #expect(
      try set(.list([.text("x"), .mapping(["k": .text("v"), "l": .list([.text("u")])])]), "c", in: text)
        == text + "c:\n\(indentation)- x\n\(indentation)- k: v\n\(indentation)  l:\n\(indentation)  \(indentation)- u\n"
    )
  }

  @Test("flow style stays flow style")
  func flow() throws {
    #expect(
      try set(.text("yes"), "orchestrator", "mtls", "clientCACerts", "MyOrg1MSP", in: Self.values)
        == Self.values.replacing("Certs: {}", with: "Certs: {MyOrg1MSP: \"yes\"}"))
    #expect(
      try set(.flag(true), "orchestrator", "mtls", "enabled", in: Self.values)
        == Self.values.replacing("{enabled: false", with: "{enabled: true"))
    #expect(try set(.block("x\ny\n"), "a", "b", in: "a: {c: d}  # e\n") == "a: {c: d, b: \"x\\ny\\n\"}  # e\n")
    #expect(try set(.text("x"), "a", "b", in: "{\"a\": {\"c\": 1}}") == "{\"a\": {\"c\": 1, \"b\": \"x\"}}")
    #expect(try set(.text("x"), "a", in: "{a, b: c}\n") == "{a: x, b: c}\n")
    #expect(try set(.text("x"), "a", "b", in: "{a: , c: d}\n") == "{a: {b: x} , c: d}\n")
    #expect(try set(.text("z"), "l", .index(2), in: "l: [x, 'y']\n") == "l: [x, 'y', z]\n")
    let lines = "a: {\n  b: 1, # one\n  c: 2  # two\n}\n"
    #expect(try set(.number(3), "a", "d", in: lines) == "a: {\n  b: 1, # one\n  c: 2,  # two\n  d: 3\n}\n")
    let comma = "a: [\n  b,\n  c, # two\n]\n"
    #expect(try set(.text("d"), "a", .index(2), in: comma) == "a: [\n  b,\n  c, # two\n  d,\n]\n")
  }

  @Test("an empty collection in braces becomes a block")
  func emptyFlow() throws {
    #expect(try set(.text("x"), "a", "b", in: "a: {}  # c\nd: 1\n") == "a:  # c\n  b: x\nd: 1\n")
    #expect(try set(.text("x"), "a", .index(0), in: "a: []\n") == "a:\n  - x\n")
    #expect(try set(.text("x"), "a", in: "{}\n") == "a: x\n")
  }

  @Test("nothing becomes a mapping", arguments: ["", " ~", " null", "   # comment", " ~ # comment"])
  func nulls(null: String) throws {
    let kept = null.contains("#") ? null.replacing(" ~", with: "") : ""
    #expect(try set(.text("x"), "a", "b", in: "a:\(null)\nc: 1\n") == "a:\(kept)\n  b: x\nc: 1\n")
    #expect(try set(.text("x"), "a", in: "a:\(null)\nc: 1\n").contains("a: x\(kept)\nc: 1\n"))
  }

  @Test("PEM becomes a literal scalar, wherever it stands")
  func blocks() throws {
    let pem = "-----BEGIN X-----\nAAAA\n-----END X-----\n"
    let lines = "-----BEGIN X-----\n    AAAA\n    -----END X-----\n"
    #expect(
      try set(.block(pem), "a", "b", in: "a:\n  b: \"old\"  # inline\n  c: 1\n")
        == "a:\n  b: |  # inline\n    \(lines)  c: 1\n")
    #expect(
      try set(.block(pem), "a", "b", in: "a:\n  b: |- # note\n      old\n      older\n\n  c: 1\n")
        == "a:\n  b: | # note\n      \(lines.replacing("    ", with: "      "))\n  c: 1\n")
    #expect(try set(.block(pem), "a", "b", in: "a:\n  b:\n") == "a:\n  b: |\n    \(lines)")
    #expect(try set(.text("x"), "a", "b", in: "a:\n  b: >-2\n     old\n    o\n  # c\n") == "a:\n  b: x\n  # c\n")
    #expect(try set(.block("a\n\nb"), "a", in: "") == "a: |-\n  a\n\n  b\n")
    for odd in ["a\n\n", " a\n", "\na\n", "a\r\nb\r\n", "\n", "", "a\u{7}\nb"] {
      let text = try set(.block(odd), "a", in: "b: 1\n")
      #expect(text.contains("a: \"") && text.hasPrefix("b: 1\n"))
    }
  }

  @Test("CRLF, a missing final line break, a byte order mark, directives and document marks are kept")
  func framing() throws {
    #expect(try set(.text("x"), "a", "c", in: "a:\r\n  b: 1\r\n") == "a:\r\n  b: 1\r\n  c: x\r\n")
    #expect(try set(.block("x\ny\n"), "c", in: "a:\r\n  b: 1\r\n") == "a:\r\n  b: 1\r\nc: |\r\n  x\r\n  y\r\n")
    #expect(try set(.text("x"), "a", "c", in: "a:\n  b: 1") == "a:\n  b: 1\n  c: x")
    #expect(try set(.text("x"), "b", in: "a: |\n  b") == "a: |-\n  b\nb: x")
    #expect(try set(.text("x"), "b", in: "a: |+\n  b") == "a: |-\n  b\nb: x")
    #expect(try set(.block("x\n"), "b", in: "a: 1") == "a: 1\nb: |\n  x\n")
    #expect(try set(.text("x"), "b", in: "\u{feff}a: 1\n") == "\u{feff}a: 1\nb: x\n")
    #expect(
      try set(.text("x"), "b", in: "%YAML 1.1\n--- # start\na: 1\n...\n# end\n")
        == "%YAML 1.1\n--- # start\na: 1\nb: x\n...\n# end\n")
    #expect(try set(.text("x"), "b", in: "# only a comment") == "# only a comment\nb: x")
    #expect(try set(.text("x"), "b", in: "---\n...\n") == "---\nb: x\n...\n")
    #expect(try set(.text("x"), "b", in: "---") == "---\nb: x")
    #expect(try set(.text("x"), "a", "b", in: "\n# first\n\na:\t# tab\n") == "\n# first\n\na:\t# tab\n  b: x\n")
  }

  @Test("what a reader would take for something else is quoted")
  func quoting() throws {
    for text in [
      "yes", "No", "on", "012", "1e3", "0x1F", "null", "~", "", "2026-07-01", "1:30", ".5", ".inf", "a: b", "a #b",
      "- a",
      "*a", "&a", "!a", "%a", "@a", "`a`", "{a}", "a,b", " a", "a ", "a:", "1_000", "<<", "=", "é", "a\tb",
      "a\u{2028}b",
      "0o17", "+1", "-1", "1.5e3", "y", "TRUE", "#", "|", ">", "'", "\"", "\\", "\u{1F600}", "\u{7f}", "?", "---",
      "...",
    ] {
      let written = try set(.text(text), .key(text), in: "a b: 1\n")
      #expect(written.hasPrefix("a b: 1\n\""), "\(written)")
      #expect(try set(.text(text), .key(text), in: written) == written)
    }
    for text in [
      "MyOrg1MSP", "10.0.5.16", "nats://10.0.5.16:4222", "/etc/bacalhau/ca.crt", "Example CA", "90d", "1.2.3",
    ] {
      #expect(try set(.text(text), .key(text), in: "") == "\(text): \(text)\n")
    }
    #expect(try set(.text("12"), "a", in: "a: 12\n") == "a: \"12\"\n")
    #expect(try set(.number(12), "a", in: "a: '12'\n") == "a: 12\n")
  }

  @Test("a list is changed element by element, and a mapping key by key")
  func collections() throws {
    let text = "a:\n  - x # one\n  - w # two\n  - z # three\nb: 1\n"
    #expect(
      try set(.list([.text("x"), .text("z")]), "a", in: text) == "a:\n  - x # one\n  - z # three\nb: 1\n")
    #expect(
      try set(.list([.text("x"), .text("w"), .text("z"), .text("u")]), "a", in: text)
        == text.replacing("# three\n", with: "# three\n  - u\n"))
    #expect(try set(.list([.text("v")]), "a", in: text) == "a:\n  - v # one\nb: 1\n")
    #expect(try set(.list([]), "a", in: text) == "a: []\nb: 1\n")
    let mapping = "a: # m\n  x: 1 # one\n  y: 2 # two\nb: 1\n"
    #expect(
      try set(.mapping(["z": .number(3), "y": .number(4)]), "a", in: mapping)
        == "a: # m\n  y: 4 # two\n  z: 3\nb: 1\n")
    #expect(try set(.text("t"), "a", in: mapping) == "a: t # m\nb: 1\n")
    #expect(try set(.mapping(["k": .text("v")]), "b", in: mapping) == mapping.replacing("b: 1", with: "b:\n  k: v"))
    #expect(try set(.mapping(["k": .text("v")]), "l", .index(0), in: "l:\n- 1\n- 2\n") == "l:\n- k: v\n- 2\n")
  }

  @Test("removing takes the key with its value, and nothing else")
  func removal() throws {
    #expect(
      try remove("orchestrator", "tls", from: Self.values)
        == Self.values.replacing("    tls:\n        enabled: no\n", with: ""))
    #expect(try remove("nothing", "there", from: Self.values) == Self.values)
    #expect(
      try remove("list", .item(key: "name", equals: "a"), from: Self.values)
        == Self.values.replacing("- name: a\n  value: 'it''s'\n", with: ""))
    #expect(
      try remove("list", .item(key: "name", equals: "a"), "name", from: Self.values)
        == Self.values.replacing("- name: a\n  value", with: "- value"))
    #expect(try remove("a", "b", from: "a:\n  b: 1 # c\n  # d\ne: 1\n") == "a: {}\n  # d\ne: 1\n")
    #expect(try remove("a", from: "a: |\n  x\n\n# c\nb: 1") == "\n# c\nb: 1")
    #expect(try remove("b", from: "a: 1\nb: 1") == "a: 1")
    #expect(try remove("a", "b", from: "a: {b: 1, c: 2}\n") == "a: {c: 2}\n")
    #expect(try remove("a", "c", from: "a: {b: 1, c: 2}\n") == "a: {b: 1}\n")
    #expect(try remove("a", "c", from: "a: {c: 2}\n") == "a: {}\n")
    #expect(try remove("a", from: "a: 1\n") == "{}\n")
    #expect(try remove("a", .index(0), from: "a: !tag [\n  b, # c\n]\n") == "a: !tag []\n")
    #expect(try remove("a", "b", from: "a: !tag # c\n  b: 1\nd: 1\n") == "a: !tag {} # c\nd: 1\n")
  }

  @Test("many values are set at once as they are one by one")
  func batch() throws {
    var assignments: [YAMLAssignment] = []
    for index in 0..<20 {
      let agent = YAMLStep.item(key: "name", equals: "agent-\(index)")
      for (key, value) in [("enabled", YAMLValue.flag(true)), ("secret", .text("s-\(index)"))] {
        assignments.append(YAMLAssignment(path: ["agents", agent, "mTLS", .key(key)], value: value))
      }
    }
    let text = "agents:\n  - name: agent-3\n    # keep\n  - name: agent-1\n    mTLS:\n      secret: old\nz: 1\n"
    let once = try edited(text) { try $0.set(assignments) }
    #expect(once == (try edited(text) { for item in assignments { try $0.set(item.value, at: item.path) } }))
    #expect(once == (try edited(once) { try $0.set(assignments) }))
    #expect(once.hasSuffix("  - name: agent-19\n    mTLS:\n      enabled: true\n      secret: s-19\nz: 1\n"))
    let nested = [
      YAMLAssignment(path: ["a"], value: .mapping(["b": .number(1)])),
      YAMLAssignment(path: ["a", "c"], value: .number(2)), YAMLAssignment(path: ["a", "c"], value: .number(3)),
    ]
    #expect(try edited("") { try $0.set(nested) } == "a:\n  b: 1\n  c: 3\n")
  }

  @Test("a thousand agents are set at once")
  func thousand() throws {
    let names = (0..<1000).map { "agent-\($0)" }
    let half = names.filter { $0.hasSuffix("1") || $0.hasSuffix("2") }
    let text = "agents:\n" + half.map { "  - name: \($0) # mine\n    mTLS: {}\n" }.joined()
    let assignments = names.flatMap { name -> [YAMLAssignment] in
      let agent: [YAMLStep] = ["agents", .item(key: "name", equals: name), "mTLS"]
      return [
        YAMLAssignment(path: agent + ["enabled"], value: .flag(true)),
        YAMLAssignment(path: agent + ["keyPair", "existingSecret"], value: .text("\(name)-mtls")),
      ]
    }
    let once = try edited(text) { try $0.set(assignments) }
    #expect(once.split(separator: "\n").count == 1 + 5 * 1000)
    #expect(
      once.contains(
        "  - name: agent-1 # mine\n    mTLS:\n      enabled: true\n      keyPair:\n        existingSecret: agent-1-mtls\n"
      ))
    #expect(try edited(once) { try $0.set(assignments) } == once)
  }
}

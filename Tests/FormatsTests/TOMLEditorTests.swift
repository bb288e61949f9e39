import Formats
import Foundation
import PKITestKit
import Testing

@Suite("Editing TOML")
struct TOMLEditorTests {
  private static let config = """
    # Choreo Connect
    title = 'gateway' # kept

    [router]
      listenerPort = 9090   # plain

      [router.keystore] # the pair
        certPath = "/home/mg.pem"
        keyPath = '/home/mg.key'

      [router.upstream.tls]
        minimumProtocolVersion = "TLS1_1"   # too old
        ciphers = [ "A",
          "B", # second
        ] # end
        note = \"\"\"
    several
    # lines\"\"\"

    [[enforcer.jwt]]
      name = "one"
    [[enforcer.jwt]]
      name = "two"

    [inline]
    point = { x = 1, y.z = 2 }  # both
    dotted.a.b = true
    # the end

    """

  private func set(_ value: TOMLValue, _ table: String, _ key: String, in text: String = config) throws -> String {
    var editor = try TOMLEditor(Array(text.utf8))
    try editor.set(value, table: table, key: key)
    let once = editor.text
    try editor.set(value, table: table, key: key)
    #expect(editor.text == once)
    return once
  }

  private func replaced(_ old: String, _ new: String) -> String {
    #expect(Self.config.contains(old))
    return Self.config.replacingOccurrences(of: old, with: new)
  }

  @Test("only the value changes, and its comment and quotes stay")
  func values() throws {
    #expect(try set(.text("TLS1_2"), "router.upstream.tls", "minimumProtocolVersion") == replaced("TLS1_1", "TLS1_2"))
    #expect(try set(.number(9095), "router", "listenerPort") == replaced("9090", "9095"))
    #expect(try set(.text("/k"), "router.keystore", "keyPath") == replaced("'/home/mg.key'", "'/k'"))
    #expect(try set(.text("it's"), "router.keystore", "keyPath") == replaced("'/home/mg.key'", "\"it's\""))
    #expect(try set(.text("x"), "", "title") == replaced("'gateway'", "'x'"))
    #expect(
      try set(.list(["C"]), "router.upstream.tls", "ciphers")
        == replaced("[ \"A\",\n      \"B\", # second\n    ] # end", "[\"C\"] # end"))
    #expect(
      try set(.text("one"), "router.upstream.tls", "note") == replaced("\"\"\"\nseveral\n# lines\"\"\"", "\"one\""))
    #expect(try set(.number(3), "inline.point", "x") == replaced("x = 1", "x = 3"))
    #expect(try set(.number(3), "inline.point.y", "z") == replaced("y.z = 2", "y.z = 3"))
    #expect(try set(.flag(false), "inline.dotted.a", "b") == replaced("b = true", "b = false"))
  }

  @Test("a value that is there already changes no byte, in whatever way it is written")
  func same() throws {
    #expect(try set(.list(["A", "B"]), "router.upstream.tls", "ciphers") == Self.config)
    #expect(try set(.text("several\n# lines"), "router.upstream.tls", "note") == Self.config)
    #expect(try set(.text("gateway"), "", "title") == Self.config)
    #expect(try set(.number(1000), "", "a", in: "a = 1_000\n") == "a = 1_000\n")
    for text in [#"a = "\u0041\tb""#, "a = 'A\tb'", "a = \"\"\"\\\n   A\tb\"\"\"", "a = '''\nA\tb'''"] {
      #expect(try set(.text("A\tb"), "", "a", in: text) == text)
    }
    #expect(try set(.text("a\"\""), "", "a", in: "a = \"\"\"a\"\"\"\"\"") == "a = \"\"\"a\"\"\"\"\"")
  }

  @Test("a new key goes after the last of its table, written as that one is")
  func additions() throws {
    #expect(
      try set(.flag(true), "router.keystore", "new")
        == replaced("'/home/mg.key'\n", "'/home/mg.key'\n    new = true\n"))
    #expect(
      try set(.text("t"), "router.upstream.tls", "trustedCertPath")
        == replaced("# lines\"\"\"\n", "# lines\"\"\"\n    trustedCertPath = \"t\"\n"))
    #expect(try set(.number(1), "", "top") == replaced("# kept\n", "# kept\ntop = 1\n"))
    #expect(try set(.number(3), "inline.point", "w") == replaced("y.z = 2 }", "y.z = 2, w = 3 }"))
    #expect(try set(.number(3), "inline.dotted.a", "c") == replaced("= true\n", "= true\ndotted.a.c = 3\n"))
    #expect(try set(.number(3), "inline.dotted.d", "c") == replaced("= true\n", "= true\ndotted.d.c = 3\n"))
    #expect(
      try set(.text("v"), "router.downstream", "k") == Self.config + "\n[router.downstream]\nk = \"v\"\n")
    #expect(try set(.text("v"), "router.upstream", "k") == Self.config + "\n[router.upstream]\nk = \"v\"\n")
    #expect(try set(.text("v"), "t", "a b", in: "[t]#c\r\n") == "[t]#c\r\n\"a b\" = \"v\"\r\n")
    #expect(try set(.text("v"), "t", "b", in: "[t]\na='x'") == "[t]\na='x'\nb='v'")
    #expect(try set(.text("v"), "t", "b", in: "a = 1") == "a = 1\n\n[t]\nb = \"v\"")
    #expect(try set(.text("v"), "t", "b", in: "") == "[t]\nb = \"v\"\n")
    #expect(try set(.text("v"), "", "b", in: "# licence\n\n# of t\n[t]\n") == "# licence\n\nb = \"v\"\n\n# of t\n[t]\n")
    #expect(try set(.text("v"), "", "b", in: "# only") == "# only\nb = \"v\"")
    #expect(try set(.text("v"), "a", "b", in: "a = {}\n") == "a = { b = \"v\" }\n")
    #expect(try set(.text("\u{1}\u{7f}\"\\\n\r\té"), "", "a", in: "") == #"a = "\u0001\u007F\"\\\n\r\té""# + "\n")
  }

  @Test("tables are told from values, and arrays of tables left alone")
  func refusals() throws {
    func refusal(_ table: String, _ key: String, in text: String = Self.config) throws -> (Int, String)? {
      var editor = try TOMLEditor(Array(text.utf8))
      let error = formatError { try editor.set(.text("x"), table: table, key: key) }
      #expect(editor.text == text)
      guard case .uneditable(let line, let reason, _)? = error else { return nil }
      return (line, reason)
    }
    #expect(try refusal("enforcer.jwt", "name") ?? (0, "") == (20, "enforcer.jwt is an array of tables"))
    #expect(try refusal("", "router") ?? (0, "") == (4, "router is a table, and a value is to be written"))
    #expect(
      try refusal("router.listenerPort", "x")?.1
        == "router.listenerPort has a value, and a table of that name is needed")
    #expect(try refusal("inline", "point")?.1 == "inline.point is a table, and a value is to be written")
    #expect(try refusal("inline", "dotted")?.1 == "inline.dotted is a table, and a value is to be written")
    #expect(try refusal("inline.dotted", "a") != nil)
    #expect(try refusal("a", "b", in: "a = [{ b = 1 }]\n") != nil)
  }

  @Test("what is not TOML is refused with its line")
  func malformed() {
    let texts = [
      "a", "a =", "a = b", "a = \"x", "a = 'x\n'", "[a", "[[a]", "a = [1", "a = {b = 1", "a = {b = 1,\n}",
      "a = 1 b = 2",
      "a = 1\na = 2", "[a]\n[a]", "a.b = 1\n[a]", "[a]\nb = 1\n[a.b]", "a = 1\n[[a]]", "[[a]]\n[a]", "a = \"\\x\"",
      "a = {b = 1}\na.c = 2", "= 1", "a = \"\\uD800\"", "a = 1\r", "[a.b]\nc = 1\n[a]\nb.d = 2", "a = \"\"\"x",
      "a = " + String(repeating: "[", count: 1000), "\u{1}",
    ]
    for text in texts {
      let error = formatError { _ = try TOMLEditor(Array("\n\(text)".utf8)) }
      #expect(error?.message.contains("line ") == true, "\(text.prefix(30))")
    }
    #expect(formatError { _ = try TOMLEditor([0x61, 0x3d, 0xff]) } != nil)
  }

  /// Random files: tables in any order, dotted keys, inline tables, strings of all sorts, comments.
  private static func document(_ random: inout SeededGenerator) -> (
    text: String, places: [(table: String, key: String)]
  ) {
    func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &random)] }
    var places: [(String, String)] = []
    var text = ""
    let values = [
      "\"basic # \\\" \\u00e9\"", "'literal # \\'", "\"\"\"\nmany\n[no.table]\nx = 1 \\\n   folded\"\"\"",
      "'''a\n'b' = ''c'''",
      "1_000", "-0.5e3", "1979-05-27 07:32:00", "07:32:00", "inf", "0xdead_beef", "true", "[1, 2]",
      "[ \"a\", # x\n  \"b\",\n]", "[[1], [\"x\"]]", "{ p = 1, q.r = \"s\" }", "{}", "[{a = 1}, {a = 2}]",
    ]
    var number = 0
    for table in 0...Int.random(in: 0...4, using: &random) {
      let name = table == 0 ? "" : pick(["t\(table)", "t\(table).u", "\"t \(table)\"", "s.t\(table)", "[arr]"])
      let plain = name.filter { $0 != "\"" }
      if !name.isEmpty { text += "\(pick(["", "  "]))[\(name)]\(pick(["", " # c\(number)", "  "]))\n" }
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        number += 1
        let key = pick(["k\(number)", "\"k \(number)\"", "'k\(number)'", "d\(number).e"])
        text +=
          "\(pick(["", "    "]))\(key)\(pick([" = ", "=", "   =  "]))\(pick(values))\(pick(["", " # c\(number)", ""]))\n"
        if pick([true, false, false]) { text += pick(["\n", "# c\(number)x\n"]) }
        let plainKey = key.filter { $0 != "\"" && $0 != "'" }
        if !plain.hasPrefix("["), !plainKey.contains(".") { places.append((plain, plainKey)) }
      }
      if !plain.hasPrefix("[") { places.append((plain, "new\(number)")) }
    }
    places += [("zz.new", "key"), ("s.other", "key")]
    if pick([true, false, false]) { text = text.replacingOccurrences(of: "\n", with: "\r\n") }
    if pick([true, false, false]), text.hasSuffix("\n") { text.removeLast() }
    return (text, places)
  }

  @Test("for files of all sorts, tomllib reads the old values and the new one")
  func properties() throws {
    var cases: [[String: String]] = []
    var random = SeededGenerator(seed: 1)
    let values: [(TOMLValue, String)] = [
      (.text("a \"b\" # c"), #""a \"b\" # c""#), (.number(-7), "-7"), (.flag(true), "true"),
      (.list(["x", "y"]), #"["x","y"]"#),
    ]
    for _ in 0..<400 {
      let (text, places) = Self.document(&random)
      let (table, key) = places[Int.random(in: 0..<places.count, using: &random)]
      let (value, json) = values[Int.random(in: 0..<values.count, using: &random)]
      var editor = try TOMLEditor(Array(text.utf8))
      let error = formatError { try editor.set(value, table: table, key: key) }
      if case .uneditable(_, let reason, _)? = error, reason.hasSuffix("is a table, and a value is to be written") {
        continue
      }
      #expect(error == nil, "\(table) \(key) \(text)")
      let once = editor.text
      try editor.set(value, table: table, key: key)
      #expect(editor.text == once, "\(text)")
      #expect(Self.comments(once).isSuperset(of: Self.comments(text)), "\(text)")
      cases.append(["old": text, "new": once, "path": (table.isEmpty ? "" : table + ".") + key, "value": json])
    }
    #expect(cases.count > 300)
    try Self.compareWithTomllib(cases)
  }

  private static func comments(_ text: String) -> Set<String> {
    Set(text.matches(of: /# c[0-9]+x?/).map { String($0.output) })
  }

  private static func compareWithTomllib(_ cases: [[String: String]]) throws {
    let script = """
      import json, sys, tomllib
      for case in json.load(sys.stdin):
          old, new = tomllib.loads(case["old"]), tomllib.loads(case["new"])
          *tables, key = case["path"].split(".")
          target = old
          for table in tables: target = target.setdefault(table, {})
          target[key] = json.loads(case["value"])
          if old != new: sys.exit(f"{case['old']}\\n---\\n{case['new']}")
      print("same")
      """
    let input = try JSONSerialization.data(withJSONObject: cases)
    #expect(try Tool.require("python3", ["-c", script], input: input).text == "same\n")
  }
}

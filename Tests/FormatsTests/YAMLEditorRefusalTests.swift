import Formats
import Testing

@Suite("YAML that can't be edited")
struct YAMLEditorRefusalTests {
  private func refusal(
    _ text: String, _ path: [YAMLStep], _ value: YAMLValue? = .text("x")
  ) -> (line: Int, reason: String, hint: String)? {
    var editor: YAMLEditor
    do { editor = try YAMLEditor(Array(text.utf8)) } catch {
      guard case .uneditable(let line, let reason, let hint) = error else { return nil }
      return (line, reason, hint)
    }
    let error = formatError {
      if let value { try editor.set(value, at: path) } else { try editor.remove(at: path) }
    }
    #expect(editor.text == text || error == nil)
    guard case .uneditable(let line, let reason, let hint)? = error else { return nil }
    return (line, reason, hint)
  }

  @Test("a value of another sort on the path is refused with its line and name")
  func otherSorts() {
    #expect(
      refusal("x: 1\na:\n  b: text\n", ["a", "b", "c"])?.reason == "the value of a.b is text, and a mapping is needed")
    #expect(refusal("x: 1\na:\n  b: text\n", ["a", "b", "c"])?.line == 3)
    #expect(refusal("a: [1]\n", ["a", "b"])?.reason == "the value of a is a list, and a mapping is needed")
    #expect(refusal("a: {b: 1}\n", ["a", .index(0)])?.reason == "the value of a is a mapping, and a list is needed")
    #expect(refusal("a:\n- 1\n", ["a", .index(2)])?.hint == "the next one is 1")
    #expect(refusal("- 1\n", ["a"])?.reason == "the document is a list, and a mapping is needed")
    #expect(refusal("text\n", ["a"])?.line == 1)
  }

  @Test("what an alias, an anchor or a merge key shares with other places is not changed")
  func shared() {
    let text = """
      base: &base
        host: h
      copy: *base
      merged:
        <<: *base
        port: 1
      """
    #expect(refusal(text, ["copy", "host"])?.line == 3)
    #expect(refusal(text, ["copy", "host"])?.reason.contains("alias") == true)
    #expect(refusal(text, ["base", "host"])?.reason.contains("&base") == true)
    #expect(refusal(text, ["base"])?.hint == "replace the alias *base by a copy of the value")
    #expect(refusal(text, ["base"], nil)?.line == 1)
    #expect(refusal(text, ["merged", "host"])?.reason.contains("<<") == true)
    #expect(refusal(text, ["merged", "host"], nil)?.reason.contains("<<") == true)
  }

  @Test("beside shared values, and where an alias already says what is wanted, editing works")
  func besideShared() throws {
    let text = "base: &base {host: h}\ncopy: *base\nmerged:\n  <<: *base\n  port: 1\nalone: &alone\n  a: !!str 1\n"
    func set(_ value: YAMLValue, _ path: YAMLStep...) throws -> String {
      try edited(text) { try $0.set(value, at: path) }
    }
    #expect(try set(.number(2), "merged", "port") == text.replacing("port: 1", with: "port: 2"))
    #expect(try set(.text("h"), "copy", "host") == text)
    #expect(try set(.text("x"), "copy") == text.replacing("copy: *base", with: "copy: x"))
    #expect(try set(.text("x"), "alone", "b") == text + "  b: x\n")
    #expect(try set(.text("x"), "alone", "a") == text.replacing("!!str 1", with: "x"))
    #expect(try set(.text("x"), "alone") == text.replacing(" &alone\n  a: !!str 1", with: " x"))
    let tagged = "a: !vault |\n  secret\nb: 1\n"
    #expect(try edited(tagged) { try $0.set(.number(2), at: ["b"]) } == tagged.replacing("b: 1", with: "b: 2"))
  }

  @Test("files that can't be edited at all are refused when they are opened")
  func files() {
    #expect(refusal("a: 1\n---\nb: 1\n", [])?.line == 3)
    #expect(refusal("a: 1\rb: 1\r", [])?.reason == "there is a line break other than LF and CRLF")
    #expect(refusal("a: 1\nb: \u{2028}\n", [])?.line == 2)
    for text in [
      "a: [", "a: 1\na: 2\n", "\ta: 1", "a: 'x", "{a: 1, a: 2}", "a: *b", String(repeating: "[", count: 5000),
    ] {
      #expect(formatError { _ = try YAMLEditor(Array(text.utf8)) } != nil, "\(text.prefix(20))")
    }
    #expect(formatError { _ = try YAMLEditor([0x61, 0x3a, 0xff]) } != nil)
    let error = formatError { _ = try YAMLEditor(Array("x: 1\nm:\n  a: 1\n  b: 1\n  a: 2\n".utf8)) }
    #expect(
      error?.message.contains("'a'") == true && error?.message.contains("line ") == true, "\(error?.message ?? "")")
  }

  @Test("layouts that are not understood are refused, and the text stays")
  func layouts() {
    #expect(refusal("? a\n: 1\n", ["b"])?.reason.contains("'?'") == true)
    #expect(refusal("l: [a: 1]\n", ["l", .index(0), "a"])?.reason.contains("without braces") == true)
    #expect(refusal("[a, b]: 1\n", ["b"]) != nil)
    #expect(refusal("a: 1\n", [], nil)?.hint == "name a key")
  }
}

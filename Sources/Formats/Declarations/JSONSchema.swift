/// A declared file as JSON Schema (draft 2020-12), so that editors complete and check it.
package enum JSONSchema {
  /// The whole document, with a final newline. The same fields give the same bytes.
  package static func text(title: String, fields: [Field]) -> String {
    let head: [(String, JSON)] = [
      ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("title", .text(title)),
    ]
    return JSON.object(head + object(fields)).text + "\n"
  }

  /// Accepts what ``Schema/errors(in:)`` accepts, and somewhat more: forms that no pattern describes are left to it.
  private static func members(of schema: Schema) -> [(String, JSON)] {
    switch schema {
    case .text(let form):
      // The reader takes 8.8 for the text that it is; an editor sees a number. Where no number is of the form, such as
      // 30 for a duration, patterns wouldn't say so: they are for strings.
      let takesNumbers = ["1", "1.2"].contains { form.problem($0) == nil }
      let type: JSON = takesNumbers ? .list([.text("string"), .text("number")]) : .text("string")
      let pattern = form.pattern.map { [("pattern", JSON.text($0))] } ?? []
      return [("type", type), ("minLength", .number(1))] + pattern
    case .textOr(let form, let fields):
      return [
        ("if", .object([("type", .text("object"))])), ("then", .object(object(fields))),
        ("else", .object(members(of: .text(form)))),
      ]
    case .oneOrMore(let form):
      return [
        ("if", .object([("type", .text("array"))])), ("then", .object(members(of: .list(.text(form))))),
        ("else", .object(members(of: .text(form)))),
      ]
    case .flag: return [("type", .text("boolean"))]
    case .number(let range):
      return [
        ("type", .text("integer")), ("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound)),
      ]
    case .choice(let words): return [("enum", .list(words.map(JSON.text)))]
    case .list(let element): return [("type", .text("array")), ("items", .object(members(of: element)))]
    case .map(let element): return [("type", .text("object")), ("additionalProperties", .object(members(of: element)))]
    case .object(let fields): return object(fields)
    case .variants(let variants): return self.variants(variants)
    }
  }

  private static func object(_ fields: [Field]) -> [(String, JSON)] {
    let properties = fields.map { field in
      (field.name, JSON.object([("description", .text(field.note))] + members(of: field.schema)))
    }
    let required = fields.filter(\.isRequired).map { JSON.text($0.name) }
    return [("type", .text("object")), ("properties", .object(properties))]
      + (required.isEmpty ? [] : [("required", .list(required))]) + [("additionalProperties", .flag(false))]
  }

  /// Conditions rather than `oneOf`: an error then names the key, and not that no alternative fits.
  private static func variants(_ variants: [(kind: String, fields: [Field])]) -> [(String, JSON)] {
    let needsKind = ("required", JSON.list([.text("kind")]))
    let kinds = JSON.list(variants.map { .text($0.kind) })
    let branches = variants.map { variant in
      let kind = Field("kind", .choice([variant.kind]), required: true, "What sort of system this is.")
      return JSON.object([
        ("if", .object([("properties", .object([("kind", .object([("const", .text(variant.kind))]))])), needsKind])),
        ("then", .object(object([kind] + variant.fields))),
      ])
    }
    return [
      ("type", .text("object")), ("properties", .object([("kind", .object([("enum", kinds)]))])),
      needsKind,
    ] + (branches.isEmpty ? [] : [("allOf", .list(branches))])
  }
}

/// JSON whose members keep their order.
private indirect enum JSON {
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([JSON])
  case object([(String, JSON)])

  var text: String { lines(margin: "") }

  private func lines(margin: String) -> String {
    let inner = margin + "  "
    switch self {
    case .text(let text): return Self.quoted(text)
    case .number(let number): return String(number)
    case .flag(let flag): return flag ? "true" : "false"
    case .list(let items):
      let items = items.map { $0.lines(margin: inner) }
      let isShort = items.allSatisfy { !$0.contains("\n") } && items.reduce(0) { $0 + $1.count } < 80
      if isShort { return "[\(items.joined(separator: ", "))]" }
      return "[\n" + items.map { inner + $0 }.joined(separator: ",\n") + "\n\(margin)]"
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let lines = members.map { "\(inner)\(Self.quoted($0)): \($1.lines(margin: inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// The keys of a file as tables of Markdown, for its reference page.
package enum FieldReference {
  /// A heading of the third level and a table.
  package static func table(_ title: String, _ fields: [Field]) -> String {
    "### \(title)\n\n" + table(fields)
  }

  package static func table(_ fields: [Field]) -> String {
    "| key | value | |\n|---|---|---|\n" + rows(fields, below: "").joined()
  }

  private static func rows(_ fields: [Field], below path: String) -> [String] {
    fields.flatMap { field in
      let key = path + field.name
      let note = (field.isRequired ? "**Required.** " : "") + escaped(field.note)
      return ["| `\(key)` | \(value(field.schema)) | \(note) |\n"] + inner(field.schema, below: key)
    }
  }

  private static func inner(_ schema: Schema, below path: String) -> [String] {
    switch schema {
    case .object(let fields), .textOr(_, let fields): rows(fields, below: path + ".")
    case .list(let element): inner(element, below: path + "[]")
    case .map(let element): inner(element, below: path + ".*")
    default: []
    }
  }

  private static func value(_ schema: Schema) -> String {
    switch schema {
    case .text(let form): form.name
    case .textOr(let form, _): "\(form.name), or a mapping"
    case .oneOrMore(let form): "\(form.name), or a list"
    case .flag: "true or false"
    case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .list(let element): "list: \(value(element))"
    case .map(let element): "free keys: \(value(element))"
    case .object: "mapping"
    case .variants: "mapping with `kind`, below"
    }
  }

  private static func escaped(_ text: String) -> String {
    String(text.flatMap { $0 == "|" ? ["\\", $0] : [$0] })
  }
}

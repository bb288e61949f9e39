/// What a value of a file that operators write may be: a fleet file, a configuration. One description serves the reader,
/// the errors, the JSON Schema and the reference page.
package indirect enum Schema: Sendable {
  case text(TextForm)
  /// A text in short, or a mapping that says more.
  case textOr(TextForm, [Field])
  /// A text, or a list of such texts.
  case oneOrMore(TextForm)
  case flag
  case number(ClosedRange<Int>)
  case choice([String])
  case list(Schema)
  /// Free keys.
  case map(Schema)
  case object([Field])
  /// Mappings told apart by the key `kind`.
  case variants([(kind: String, fields: [Field])])
}

/// A key of a mapping.
package struct Field: Sendable {
  package var name: String
  package var schema: Schema
  package var isRequired: Bool
  /// One sentence, for editors and the manual.
  package var note: String

  package init(_ name: String, _ schema: Schema, required: Bool = false, _ note: String) {
    self.name = name
    self.schema = schema
    self.isRequired = required
    self.note = note
  }
}

/// What a text must look like.
package struct TextForm: Sendable {
  package var name: String
  /// ECMA 262, for editors; the reader relies on `problem`.
  package var pattern: String?
  /// Why a text isn't of this form; nil where it is.
  package var problem: @Sendable (String) -> String?

  package init(_ name: String, pattern: String? = nil, problem: @escaping @Sendable (String) -> String? = { _ in nil })
  {
    self.name = name
    self.pattern = pattern
    self.problem = problem
  }
}

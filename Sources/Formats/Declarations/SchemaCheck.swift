extension Schema {
  /// All that is wrong with a value, in the order of the file.
  package func errors(in value: YAMLTree) -> [DeclarationError] {
    switch self {
    case .text(let form):
      guard case .scalar(let text) = value.content, !value.isNull else { return [expected("text", value)] }
      guard let problem = form.problem(text) else { return [] }
      return [DeclarationError("\"\(text)\" is not a valid \(form.name): \(problem)", at: value.place)]
    case .textOr(let form, let fields):
      if let entries = value.entries { return Self.errors(in: entries, of: value, fields: fields) }
      return value.text == nil ? [expected("text or a mapping", value)] : Schema.text(form).errors(in: value)
    case .oneOrMore(let form):
      if let items = value.items { return items.flatMap { Schema.text(form).errors(in: $0) } }
      return value.text == nil ? [expected("text or a list", value)] : Schema.text(form).errors(in: value)
    case .flag:
      return value.flag == nil ? [expected("true or false", value)] : []
    case .number(let range):
      guard let number = value.number else { return [expected("a number", value)] }
      return range.contains(number)
        ? []
        : [DeclarationError("\(number) is not within \(range.lowerBound) to \(range.upperBound)", at: value.place)]
    case .choice(let words):
      guard let text = value.text else { return [expected("one of \(words.joined(separator: ", "))", value)] }
      return words.contains(text) ? [] : [Self.unknown("value", text, among: words, at: value.place)]
    case .list(let element):
      guard let items = value.items else { return [expected("a list", value)] }
      return items.flatMap { element.errors(in: $0) }
    case .map(let element):
      guard let entries = value.entries else { return [expected("a mapping", value)] }
      return entries.flatMap { element.errors(in: $0.value) }
    case .object(let fields):
      guard let entries = value.entries else { return [expected("a mapping", value)] }
      return Self.errors(in: entries, of: value, fields: fields)
    case .variants(let variants):
      return errors(in: value, variants: variants)
    }
  }

  private func errors(in value: YAMLTree, variants: [(kind: String, fields: [Field])]) -> [DeclarationError] {
    guard let entries = value.entries else { return [expected("a mapping", value)] }
    guard let kind = value["kind"] else {
      return [DeclarationError("the key \"kind\" is missing", advice: Self.list(variants.map(\.kind)), at: value.place)]
    }
    guard let variant = variants.first(where: { $0.kind == kind.text }) else {
      return [Self.unknown("system", kind.text ?? kind.kind, among: variants.map(\.kind), at: kind.place)]
    }
    return Self.errors(in: entries.filter { $0.key != "kind" }, of: value, fields: variant.fields)
  }

  private static func errors(in entries: [YAMLTree.Entry], of value: YAMLTree, fields: [Field]) -> [DeclarationError] {
    var errors: [DeclarationError] = []
    for entry in entries {
      if let field = fields.first(where: { $0.name == entry.key }) {
        errors += field.schema.errors(in: entry.value)
      } else {
        errors.append(unknown("key", entry.key, among: fields.map(\.name), at: entry.place))
      }
    }
    for field in fields where field.isRequired && !entries.contains(where: { $0.key == field.name }) {
      errors.append(DeclarationError("the key \"\(field.name)\" is missing", advice: field.note, at: value.place))
    }
    return errors
  }

  private func expected(_ what: String, _ value: YAMLTree) -> DeclarationError {
    DeclarationError("\(what) is expected here, and there is \(value.kind)", at: value.place)
  }

  private static func unknown(_ what: String, _ word: String, among known: [String], at place: YAMLTree.Place)
    -> DeclarationError
  {
    DeclarationError(
      "unknown \(what) \"\(word)\"",
      advice: NearestWord.find(word, among: known).map { "did you mean \"\($0)\"?" } ?? list(known), at: place)
  }

  private static func list(_ words: [String]) -> String { "known here: \(words.joined(separator: ", "))" }
}

/// The known word that a misspelt one was meant to be.
package enum NearestWord {
  /// - Returns: a word at most two edits away, without regard to case.
  package static func find(_ word: String, among known: [String]) -> String? {
    // A longer word is no misspelling of ours, and would cost time.
    guard word.utf8.count <= 100 else { return nil }
    return known.map { ($0, distance(word.lowercased(), $0.lowercased())) }.filter { $0.1 <= 2 }.min { $0.1 < $1.1 }?.0
  }

  /// Levenshtein's: insertions, deletions and substitutions.
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
      var previous = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        let substitution = previous + (left == right ? 0 : 1)
        previous = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}

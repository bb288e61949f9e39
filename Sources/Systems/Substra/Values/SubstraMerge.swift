import Formats

/// Our settings, merged into an operator's values file.
struct SubstraMerge {
  private var assignments: [YAMLAssignment] = []

  mutating func set(_ path: String, _ value: YAMLValue) {
    assignments.append(
      YAMLAssignment(path: path.split(separator: ".").map { YAMLStep.key(String($0)) }, value: value))
  }

  /// A key that may hold a dot.
  mutating func set(_ path: String, key: String, _ value: YAMLValue) {
    assignments.append(
      YAMLAssignment(path: path.split(separator: ".").map { YAMLStep.key(String($0)) } + [.key(key)], value: value))
  }

  /// - Parameter name: of the file that is made where the operator has none.
  /// - Throws: ``FleetError`` where the file's layout doesn't allow the change.
  func artefact(_ reference: InputReference?, named name: String, _ files: InputFiles) throws(FleetError) -> Artefact {
    let bytes = if let reference { try files[reference] } else { [] as [UInt8] }
    let text: String
    do {
      var editor = try YAMLEditor(bytes)
      try editor.set(assignments)
      text = editor.text
    } catch {
      throw FleetError(error.message, advice: error.hint, path: reference?.path ?? name)
    }
    guard let reference else { return Artefact(name, text.utf8) }
    let last = reference.path.split(separator: "/").last.map(String.init) ?? name
    return Artefact(last, text.utf8, isSecret: true, role: .merged(into: reference.path))
  }
}

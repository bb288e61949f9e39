import Formats

extension ChoreoConnect {
  static func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

extension FleetError {
  /// What a format refuses, about a file that the fleet file names.
  init(_ error: FormatError, in reference: InputReference) {
    self.init("\(reference.path): \(error.message)", advice: error.hint, at: reference.place, kind: error.kind)
  }

  init(_ error: FormatError, at place: YAMLTree.Place) {
    self.init(error.message, advice: error.hint, at: place, kind: error.kind)
  }
}

import Formats

extension ChoreoConnect {
  /// Words of commands that operators copy.
  enum Shell {
    private static let plain = Set(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,")

    /// Quoted where the shell would read it otherwise.
    static func word(_ text: String) -> String {
      if !text.isEmpty, text.allSatisfy(plain.contains) { return text }
      return "'" + text.replacing("'", with: "'\\''") + "'"
    }
  }

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

/// The folder of router.yaml, where relative paths begin.
struct ConfigurationFolder {
  private let path: String?

  init(of file: String) { path = file.lastIndex(of: "/").map { String(file[..<$0]) } }

  func resolved(_ name: String) -> String {
    guard let path, !name.hasPrefix("/") else { return name }
    return "\(path)/\(name)"
  }
}

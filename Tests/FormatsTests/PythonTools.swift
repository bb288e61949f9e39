import Foundation

/// Python with the packages that scripts/install-tools puts beside the build.
enum PythonTools {
  /// Not standardised: that would follow the link to the system's Python, which lacks them.
  static let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent(".build-tools/bin/python").path
}

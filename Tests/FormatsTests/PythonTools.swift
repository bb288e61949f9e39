import Foundation

/// Python with the packages that scripts/install-tools puts beside the build.
enum PythonTools {
  static let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../.build-tools/bin/python").standardizedFileURL.path
}

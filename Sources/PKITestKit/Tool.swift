package import Foundation

/// An independent program that judges our bytes. A test fails, and does not skip, where the program is missing.
package enum Tool {
  package struct Output: Sendable {
    package var status: Int32
    package var stdout: Data
    package var stderr: Data
    package var text: String { String(decoding: stdout, as: UTF8.self) }
    package var errors: String { String(decoding: stderr, as: UTF8.self) }
  }

  package struct Failure: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
  }

  /// Runs a program found on the PATH and returns what it printed, whatever its exit status.
  package static func run(
    _ program: String, _ arguments: [String], in directory: URL? = nil, input: Data? = nil,
    environment: [String: String] = [:]
  ) throws -> Output {
    let scratch = try TemporaryDirectory()
    let out = scratch.file("stdout")
    let err = scratch.file("stderr")
    let stdin = scratch.file("stdin")
    for file in [out, err] { try Data().write(to: file) }
    try (input ?? Data()).write(to: stdin)
    let streams = [try FileHandle(forReadingFrom: stdin)] + (try [out, err].map { try FileHandle(forWritingTo: $0) })
    defer { for item in streams { try? item.close() } }
    let descriptors = streams.map(\.fileDescriptor)
    let status = try ChildProcess.run(
      [program] + arguments, in: directory, environment: environment,
      streams: .init(input: descriptors[0], output: descriptors[1], errors: descriptors[2]))
    return Output(
      status: status, stdout: try Data(contentsOf: out), stderr: try Data(contentsOf: err))
  }

  /// As ``run(_:_:in:input:environment:)``, and throws with the program's words when it fails.
  @discardableResult
  package static func require(
    _ program: String, _ arguments: [String], in directory: URL? = nil, input: Data? = nil,
    environment: [String: String] = [:]
  ) throws -> Output {
    let output = try run(program, arguments, in: directory, input: input, environment: environment)
    guard output.status == 0 else {
      throw Failure(
        description:
          "\(program) \(arguments.joined(separator: " ")): status \(output.status)\n\(output.text)\(output.errors)")
    }
    return output
  }

  @discardableResult
  package static func openssl(_ arguments: String..., in directory: URL? = nil, input: Data? = nil) throws -> Output {
    try require("openssl", arguments, in: directory, input: input)
  }
}

/// A folder that is removed with its owner.
package final class TemporaryDirectory: Sendable {
  package let url: URL

  package init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("countersign-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  package func file(_ name: String) -> URL { url.appendingPathComponent(name) }
  package var path: String { url.path }

  deinit { try? FileManager.default.removeItem(at: url) }
}

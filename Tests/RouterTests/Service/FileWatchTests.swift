import Foundation
import Glibc
import PKITestKit
import Testing

@testable import Router

// Expectations can't change what they look at.
private final class Watch {
  private var watch = FileWatch()
  private let file: String

  init(_ file: String) {
    self.file = file
    watch.reset(to: FileWatch.look([file]))
  }

  func hasChanged() -> Bool { watch.hasChanged() }
}

@Suite("files that are looked at")
struct FileWatchTests {
  let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func file() throws -> String {
    let file = folder.file("file")
    try Data("text".utf8).write(to: file)
    return file.path
  }

  @Test("one that stays has not changed; one that is written has, once it has looked the same twice")
  func written() throws {
    let file = try file()
    let watch = Watch(file)
    #expect(!watch.hasChanged() && !watch.hasChanged())
    try Data("other text".utf8).write(to: folder.file("file"))
    #expect(!watch.hasChanged())
    #expect(watch.hasChanged())
  }

  @Test("so has one whose mode is another: who couldn't read it may be able to now")
  func mode() throws {
    let file = try file()
    let watch = Watch(file)
    // The kernel's clock for files moves a few times in a hundredth of a second.
    Thread.sleep(forTimeInterval: 0.1)
    #expect(chmod(file, 0o400) == 0)
    #expect(!watch.hasChanged())
    #expect(watch.hasChanged())
  }

  @Test("so has one that is gone")
  func gone() throws {
    let file = try file()
    let watch = Watch(file)
    #expect(unlink(file) == 0)
    #expect(!watch.hasChanged())
    #expect(watch.hasChanged())
  }
}

import Foundation
import Glibc
import Ledger

/// Keys whose certificates are under way. They are on the disk before anything is signed for them, so that a run that
/// was interrupted is taken up again instead of done twice.
struct PendingKeys {
  struct Entry: Codable {
    var system: String
    var node: String
    /// PKCS#8, PEM; nil for a node whose key is elsewhere.
    var key: String?
    /// The serial number that its certificate will have; nil where another PKI signs.
    var serial: String?
    /// The request that was handed out, PEM.
    var request: String?
  }

  let path: String
  private(set) var entries: [Entry]

  /// - Throws: ``FileFailure``; a ``CommandError`` for a file that isn't ours.
  init(folder: String) throws {
    path = "\(folder)/pending.json"
    guard OutputFiles.exists(path) else {
      entries = []
      return
    }
    do {
      entries = try JSONDecoder().decode([Entry].self, from: Data(try InputFile.read(path, limit: 64 << 20)))
    } catch let error as FileFailure {
      throw error
    } catch {
      throw CommandError.usage(
        "\(path) can't be read", hint: "move it away; keys in it whose certificates were not delivered are lost")
    }
  }

  subscript(system: String, node: String) -> Entry? {
    entries.first { $0.system == system && $0.node == node }
  }

  /// Writes what is under way; nothing is what a finished run leaves.
  mutating func save(_ entries: [Entry]) throws {
    self.entries = entries
    guard !entries.isEmpty else {
      unlink(path)
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try OutputFiles.write(try encoder.encode(entries), path: path, access: .secret)
  }
}

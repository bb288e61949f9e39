import Credentials

/// The end of the chain at some time. Kept elsewhere, it shows whether the chain was cut or written anew since.
package struct Checkpoint: Sendable, Hashable {
  package var sequence: Int64
  /// The hash of that event.
  package var hash: [UInt8]

  package init(sequence: Int64, hash: [UInt8]) {
    self.sequence = sequence
    self.hash = hash
  }

  private static let mark = "countersign-checkpoint"

  /// Most bytes of a file of checkpoints that is read.
  package static let longestFile = 1 << 20

  static func isCheckpoint(_ line: Substring) -> Bool { line.hasPrefix(mark) }

  /// The text of a checkpoint file: `countersign-checkpoint v1 SEQUENCE HASH`, one line.
  package func encode() -> String { "\(Self.mark) v1 \(sequence) \(hash.hexadecimal)\n" }

  /// Reads a checkpoint file; of several lines, as when each checkpoint is appended to one file, the last counts.
  ///
  /// - Throws: ``LedgerError/notACheckpoint(_:)``.
  package static func decode(_ text: String) throws(LedgerError) -> Checkpoint {
    guard text.utf8.count <= longestFile else { throw .notACheckpoint("the file is too large") }
    guard let line = text.split(whereSeparator: \.isNewline).last(where: { !$0.allSatisfy(\.isWhitespace) }) else {
      throw .notACheckpoint("the file is empty")
    }
    let words = line.split(whereSeparator: \.isWhitespace)
    guard words.count == 4, words[0] == mark else { throw .notACheckpoint("it doesn't begin with \(mark)") }
    guard words[1] == "v1" else { throw .notACheckpoint("version \(words[1].prefix(20)) is unknown") }
    guard let sequence = Int64(words[2]), sequence > 0, let hash = Hexadecimal.decode(words[3]), hash.count == 32 else {
      throw .notACheckpoint("its number or hash can't be read")
    }
    return Checkpoint(sequence: sequence, hash: hash)
  }
}

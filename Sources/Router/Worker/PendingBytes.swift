/// What a peer hasn't taken yet. Holds no memory while there is nothing.
struct PendingBytes {
  private var bytes: [UInt8] = []
  private var start = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ more: UnsafeRawBufferPointer) {
    if start > 0, start > bytes.count / 2 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes.append(contentsOf: more)
  }

  /// - Parameter body: returns how many bytes it took.
  mutating func take(_ body: (UnsafeRawBufferPointer) -> Int) {
    let taken = bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    start += taken
    if start >= bytes.count {
      bytes = []
      start = 0
    }
  }
}

/// A pattern in which `*` stands for any run of characters, also for none.
///
/// It is taken apart once. Matching takes time in proportion to the text, whatever the pattern, and allocates nothing.
package struct Wildcard: Hashable, Sendable {
  package let text: String
  private let ignoresCase: Bool
  /// What stands before the first star: all of it where there is none.
  private let head: [UInt8]
  private let middle: [Segment]
  /// What stands behind the last star; nil where there is none.
  private let tail: [UInt8]?

  /// - Parameter ignoringCase: of ASCII letters.
  package init(_ text: String, ignoringCase: Bool = false) {
    self.text = text
    ignoresCase = ignoringCase
    let bytes = text.utf8.map { ignoringCase ? $0.lowercased : $0 }
    let parts = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { [UInt8]($0) }
    head = parts.first ?? []
    tail = parts.count > 1 ? parts.last : nil
    middle = parts.dropFirst().dropLast().filter { !$0.isEmpty }.map { Segment($0) }
  }

  package func matches(_ text: String) -> Bool {
    text.withBytes { bytes in matches(bytes, 0..<bytes.count) }
  }

  func matches(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    guard let tail else { return range.count == head.count && holds(head, bytes, at: range.lowerBound) }
    guard range.count >= head.count + tail.count, holds(head, bytes, at: range.lowerBound),
      holds(tail, bytes, at: range.upperBound - tail.count)
    else { return false }
    var place = range.lowerBound + head.count
    let end = range.upperBound - tail.count
    for segment in middle {
      guard let next = segment.end(in: bytes, place..<end, ignoringCase: ignoresCase) else { return false }
      place = next
    }
    return true
  }

  private func holds(_ part: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
    for index in part.indices {
      let byte = bytes[start + index]
      guard part[index] == (ignoresCase ? byte.lowercased : byte) else { return false }
    }
    return true
  }
}

extension Wildcard {
  /// What stands between two stars, to be found where it first occurs (Knuth, Morris and Pratt's search).
  fileprivate struct Segment: Hashable, Sendable {
    private let bytes: [UInt8]
    /// For each byte, how much of the segment's start also ends with it: there the search goes on after a mismatch.
    private let resumption: [Int]

    init(_ bytes: [UInt8]) {
      var resumption = [Int](repeating: 0, count: bytes.count)
      var length = 0
      for index in bytes.indices.dropFirst() {
        while length > 0, bytes[index] != bytes[length] { length = resumption[length - 1] }
        if bytes[index] == bytes[length] { length += 1 }
        resumption[index] = length
      }
      self.bytes = bytes
      self.resumption = resumption
    }

    /// The place behind its first occurrence.
    func end(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, ignoringCase: Bool) -> Int? {
      var length = 0
      for place in range {
        let byte = ignoringCase ? text[place].lowercased : text[place]
        while length > 0, byte != bytes[length] { length = resumption[length - 1] }
        if byte == bytes[length] { length += 1 }
        if length == bytes.count { return place + 1 }
      }
      return nil
    }
  }
}

extension UInt8 {
  /// The same letter of ASCII in lower case.
  fileprivate var lowercased: UInt8 {
    self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }
}

extension String {
  /// Its UTF-8 as it lies in memory.
  func withBytes<Answer>(_ body: (UnsafeBufferPointer<UInt8>) -> Answer) -> Answer {
    if let answer = utf8.withContiguousStorageIfAvailable(body) { return answer }
    return Array(utf8).withUnsafeBufferPointer(body)
  }
}

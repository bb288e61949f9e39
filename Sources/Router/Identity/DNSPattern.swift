/// A pattern of host names. `*` stands for any run of characters without a dot, so that `*.example` is one label more
/// than `example`. Case counts for nothing (RFC 4343), nor does a dot at the end of a name.
package struct DNSPattern: Hashable, Sendable {
  package let text: String
  private let labels: [Wildcard]

  package init(_ text: String) {
    self.text = text
    labels = text.split(separator: ".", omittingEmptySubsequences: false).map {
      Wildcard(String($0), ignoringCase: true)
    }
  }

  /// Whether a name is of this form; one with an empty label never is.
  package func matches(_ name: String) -> Bool { name.withBytes { matches($0) } }

  func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let dot = UInt8(ascii: ".")
    let end = bytes.last == dot ? bytes.count - 1 : bytes.count
    var start = 0
    for (index, label) in labels.enumerated() {
      var stop = start
      while stop < end, bytes[stop] != dot { stop += 1 }
      guard stop > start, label.matches(bytes, start..<stop) else { return false }
      guard stop < end else { return index == labels.count - 1 }
      start = stop + 1
    }
    return false
  }
}

/// The replacement of a range of bytes.
struct YAMLSplice: Hashable {
  var range: Range<Int>
  var text: String

  /// Replaces the ranges, which don't overlap; of insertions at the same place, the first comes first.
  static func apply(_ splices: [YAMLSplice], to bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    let ordered = splices.enumerated().sorted {
      ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
    }
    for splice in ordered.map(\.element) {
      guard splice.range.lowerBound >= position, splice.range.upperBound <= bytes.count else { continue }
      result += bytes[position..<splice.range.lowerBound]
      result += Array(splice.text.utf8)
      position = splice.range.upperBound
    }
    return result + bytes[position...]
  }
}

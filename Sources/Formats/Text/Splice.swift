/// The replacement of a range of bytes.
struct Splice: Hashable {
  var range: Range<Int>
  var text: String

  /// Replaces the ranges, which don't overlap: what overlaps the one before is left out. Insertions at one place keep
  /// their order, and come before what is replaced from there on.
  static func apply(_ splices: [Splice], to bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    let ordered = splices.enumerated().sorted {
      let (one, other) = ($0.element.range, $1.element.range)
      return (one.lowerBound, one.isEmpty ? 0 : 1, $0.offset) < (other.lowerBound, other.isEmpty ? 0 : 1, $1.offset)
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

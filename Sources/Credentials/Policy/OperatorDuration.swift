extension Duration {
  /// Reads what operators write: a whole number and one of s, m, h, d, w, y (365 days); several may follow each
  /// other, largest first, as in `1d12h`.
  package init?(operatorText text: String) {
    var seconds: Int64 = 0
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard let count = Int64(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      guard let unit = rest.first, let size = Self.units.first(where: { $0.0 == unit })?.1 else { return nil }
      rest = rest.dropFirst()
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      let (sum, more) = seconds.addingReportingOverflow(product)
      // A thousand years is beyond what any certificate's validity should hold, and far from overflow.
      guard !overflow, !more, sum <= 1000 * 31_536_000 else { return nil }
      seconds = sum
    }
    self = .seconds(seconds)
  }

  /// The same writing, in the largest unit that fits: `90d`, `36h`, `10y`.
  package var operatorText: String {
    let seconds = components.seconds
    for (unit, size) in Self.units where seconds >= size && seconds.isMultiple(of: size) && unit != "w" {
      return "\(seconds / size)\(unit)"
    }
    return "\(seconds)s"
  }

  private static let units: [(Character, Int64)] = [
    ("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
  ]
}

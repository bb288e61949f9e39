package import Foundation

extension Date {
  /// Whole seconds since 1970 UTC, a fraction cut; what lies beyond 2^53 either way is held there.
  package var unixSeconds: Int64 {
    let limit = 9_007_199_254_740_992.0
    let seconds = timeIntervalSince1970
    guard !seconds.isNaN else { return 0 }
    return Int64(max(-limit, min(limit, seconds)).rounded(.down))
  }

  package init(unixSeconds: Int64) { self.init(timeIntervalSince1970: Double(unixSeconds)) }
}

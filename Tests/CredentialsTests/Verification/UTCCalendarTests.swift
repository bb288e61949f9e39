import Foundation
import Testing

@testable import Credentials

@Suite struct UTCCalendarTests {
  @Test("dates agree with Foundation's Gregorian calendar, and come back unchanged")
  func foundation() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for step in -400..<2_000 {
      let date = Date(timeIntervalSince1970: Double(step) * 12_345_678.0 + 86_399)
      let ours = UTCCalendar(date)
      let theirs = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
      #expect([ours.year, ours.month, ours.day] == [theirs.year, theirs.month, theirs.day])
      #expect([ours.hours, ours.minutes, ours.seconds] == [theirs.hour, theirs.minute, theirs.second])
      #expect(ours.date == date)
    }
  }

  @Test("times print as RFC 3339", arguments: [(0.0, "1970-01-01T00:00:00Z"), (951_782_400.9, "2000-02-29T00:00:00Z")])
  func text(seconds: Double, expected: String) {
    #expect(rfc3339(Date(timeIntervalSince1970: seconds)) == expected)
  }
}

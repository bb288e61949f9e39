package import Foundation

/// Calendar time in UTC and seconds since 1970, by the proleptic Gregorian calendar: DER's times have no other.
struct UTCCalendar: Hashable, Sendable {
  var year: Int
  var month: Int
  var day: Int
  var hours: Int
  var minutes: Int
  var seconds: Int
}

extension UTCCalendar {
  /// Rounds down to the second, and keeps to the years that DER can hold (0 to 9999).
  init(_ date: Date) {
    let limit = 253_402_300_799.0
    let total = Int(min(max(date.timeIntervalSince1970.rounded(.down), -62_167_219_200), limit))
    let days = (total - Self.positiveRemainder(total, 86_400)) / 86_400
    let time = Self.positiveRemainder(total, 86_400)
    // Years counted from March 1 of year 0, in eras of 400 years, put the leap day at a year's end.
    let shifted = days + 719_468
    let era = (shifted - Self.positiveRemainder(shifted, 146_097)) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hours = time / 3_600
    minutes = time % 3_600 / 60
    seconds = time % 60
  }

  var date: Date {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear - Self.positiveRemainder(shiftedYear, 400)) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return Date(timeIntervalSince1970: Double(days * 86_400 + hours * 3_600 + minutes * 60 + seconds))
  }

  private static func positiveRemainder(_ value: Int, _ divisor: Int) -> Int {
    let remainder = value % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }
}

/// RFC 3339 text in UTC, to the second.
package func rfc3339(_ date: Date) -> String {
  let time = UTCCalendar(date)
  func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
    + "T\(padded(time.hours, 2)):\(padded(time.minutes, 2)):\(padded(time.seconds, 2))Z"
}

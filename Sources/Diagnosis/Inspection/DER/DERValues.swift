package import Foundation

extension DERElement {
  /// An OBJECT IDENTIFIER in dotted form (X.690 §8.19), or nil when it isn't one.
  var objectIdentifier: String? {
    guard isUniversal(.objectIdentifier), let last = content.last, last & 0x80 == 0, content.count <= 64 else {
      return nil
    }
    var arcs: [UInt64] = []
    var arc: UInt64 = 0
    for byte in content {
      guard arc <= UInt64.max >> 8 else { return nil }
      arc = arc << 7 | UInt64(byte & 0x7F)
      guard byte & 0x80 == 0 else { continue }
      if arcs.isEmpty {
        let root = min(arc / 40, 2)
        arcs = [root, arc - root * 40]
      } else {
        arcs.append(arc)
      }
      arc = 0
    }
    return arcs.map(String.init).joined(separator: ".")
  }

  /// The bytes of an INTEGER or ENUMERATED, as they stand (two's complement).
  var integerBytes: [UInt8]? {
    guard isUniversal(.integer) || isUniversal(.enumerated), !content.isEmpty else { return nil }
    return value
  }

  /// A small non-negative INTEGER.
  var smallInteger: Int? {
    guard let bytes = integerBytes, bytes.count <= 7, let first = bytes.first, first & 0x80 == 0 else { return nil }
    return bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  var boolean: Bool? {
    guard isUniversal(.boolean), content.count == 1 else { return nil }
    return content.first != 0
  }

  /// The bytes of a BIT STRING that holds whole bytes.
  var bitStringBytes: [UInt8]? {
    guard isUniversal(.bitString), content.first == 0 else { return nil }
    return Array(content.dropFirst())
  }

  /// The numbers of the bits that are set in a BIT STRING of named bits.
  var namedBits: [Int]? {
    guard isUniversal(.bitString), let unused = content.first, unused < 8, content.count <= 9 else { return nil }
    let bytes = Array(content.dropFirst())
    return bytes.indices.flatMap { index in
      (0..<8).compactMap { bit in bytes[index] & (0x80 >> UInt8(bit)) == 0 ? nil : index * 8 + bit }
    }
  }

  /// The text of any character string type (X.680 §41), or nil when it isn't one or its bytes don't fit its type.
  var text: String? {
    guard tagClass == .universal, let tag = UniversalTag(rawValue: number) else { return nil }
    switch tag {
    case .utf8String, .printableString, .ia5String, .numericString, .visibleString:
      return String(validating: value, as: UTF8.self)
    case .teletexString:
      return String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
    case .bmpString:
      return Self.text(value, width: 2)
    case .universalString:
      return Self.text(value, width: 4)
    default:
      return nil
    }
  }

  private static func text(_ bytes: [UInt8], width: Int) -> String? {
    guard bytes.count.isMultiple(of: width) else { return nil }
    var scalars = String.UnicodeScalarView()
    for start in stride(from: 0, to: bytes.count, by: width) {
      let code = bytes[start..<start + width].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard let scalar = Unicode.Scalar(code) else { return nil }
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// A UTCTime or GeneralizedTime in one of the two forms of RFC 5280 §4.1.2.5, or with an offset as BER allows.
  var time: Date? {
    guard tagClass == .universal, let tag = UniversalTag(rawValue: number), tag == .utcTime || tag == .generalizedTime
    else { return nil }
    return DERTime.date(value, yearDigits: tag == .utcTime ? 2 : 4)
  }
}

/// Times as ASN.1 and RFC 3339 write them.
package enum DERTime {
  static func date(_ bytes: [UInt8], yearDigits: Int) -> Date? {
    var digits = bytes[...]
    func number(_ count: Int) -> Int? {
      guard digits.count >= count else { return nil }
      let field = digits.prefix(count)
      guard field.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      digits = digits.dropFirst(count)
      return field.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    guard var year = number(yearDigits), let month = number(2), let day = number(2), let hour = number(2),
      let minute = number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60
    else { return nil }
    if yearDigits == 2 { year += year < 50 ? 2000 : 1900 }
    let second = number(2) ?? 0
    guard second < 61, let offset = zoneOffset(digits) else { return nil }
    let days = daysSinceEpoch(year: year, month: month, day: day)
    return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second - offset))
  }

  /// Seconds east of Greenwich of `Z`, nothing, or `+hhmm`; a fraction of a second before it is skipped.
  private static func zoneOffset(_ bytes: ArraySlice<UInt8>) -> Int? {
    let zone = Array(bytes.drop { $0 == 0x2E || (0x30...0x39).contains($0) })
    if zone.isEmpty || zone == [0x5A] { return 0 }
    guard zone.count == 5, zone[0] == 0x2B || zone[0] == 0x2D, zone[1...].allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let fields = zone[1...].map { Int($0) - 0x30 }
    let seconds = (fields[0] * 10 + fields[1]) * 3600 + (fields[2] * 10 + fields[3]) * 60
    return zone[0] == 0x2D ? -seconds : seconds
  }

  /// Days from 1970-01-01 of a date of the proleptic Gregorian calendar; years count from March, so that a leap day is last.
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// `2026-11-21T01:08:55Z`. Dates outside the years 0 to 9999 are brought to the nearest end.
  package static func rfc3339(_ date: Date) -> String {
    let seconds = Int(min(max(date.timeIntervalSince1970.rounded(.down), -62_167_219_200), 253_402_300_799))
    let days = Int((Double(seconds) / 86_400).rounded(.down))
    let time = seconds - days * 86_400
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func padded(_ value: Int, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(time / 3600, 2)):"
      + "\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))Z"
  }
}

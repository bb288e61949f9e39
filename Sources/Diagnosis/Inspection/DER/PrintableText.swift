import Credentials

extension String {
  /// The text with whatever could move a terminal's cursor, hide or reorder characters written as `\xx`.
  ///
  /// Names inside certificates are chosen by strangers, and reports are read in terminals.
  package var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.map { $0.isUnprintable ? $0.escaped : String($0) }.joined()
  }
}

extension Unicode.Scalar {
  var isUnprintable: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
  }

  /// Each UTF-8 byte as `\xx`, as RFC 4514 §2.4 writes them.
  var escaped: String { String(self).utf8.map { "\\" + [$0].hexadecimal }.joined() }
}

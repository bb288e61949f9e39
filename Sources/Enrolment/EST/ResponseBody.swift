import Formats

/// What EST answers with: base64 (RFC 8951 §3), in lines of 64 characters, which all readers take; `openssl base64 -d`
/// reads nothing else.
package enum ESTBody {
  package static func encode(_ der: [UInt8]) -> [UInt8] {
    let text = Base64.encode(der)
    var lines: [UInt8] = []
    lines.reserveCapacity(text.count + text.count / 64 + 1)
    for start in stride(from: 0, to: text.count, by: 64) {
      lines += text[start..<min(start + 64, text.count)]
      lines.append(UInt8(ascii: "\n"))
    }
    return lines
  }
}

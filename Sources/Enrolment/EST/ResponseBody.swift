import Formats

/// What EST answers with: base64 (RFC 8951 §3), in lines of 64 characters, which all readers take; `openssl base64 -d`
/// reads nothing else.
package enum ESTBody {
  package static func encode(_ der: [UInt8]) -> [UInt8] {
    let text = Base64.encode(der)
    var lines: [UInt8] = []
    lines.reserveCapacity(text.count + text.count / 64 + 1)
    var start = 0
    while start < text.count {
      let end = min(start + 64, text.count)
      lines.append(contentsOf: text[start..<end])
      lines.append(UInt8(ascii: "\n"))
      start = end
    }
    return lines
  }
}

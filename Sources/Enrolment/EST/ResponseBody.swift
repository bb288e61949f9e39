import Formats

/// What EST answers with: base64 without line breaks. RFC 8951 §3 refers to RFC 4648, which allows none, and strongSwan
/// reads nothing else.
package enum ESTBody {
  package static func encode(_ der: [UInt8]) -> [UInt8] { Base64.encode(der) }
}

import Credentials
import Crypto
package import Foundation
import HTTPTypes
import Hummingbird
package import NIOCore

/// Bytes that are the same for everybody for a while: a revocation list, an answer about a status, a certificate.
package struct PublishedDocument: Sendable {
  package let bytes: ByteBuffer
  package let lastModified: Date
  package let expires: Date
  /// The strong validator (RFC 9110 §8.8.3): a hash of the bytes.
  package let entityTag: String
  private let lastModifiedText: String
  private let expiresText: String

  package init(_ bytes: [UInt8], lastModified: Date, expires: Date) {
    self.bytes = ByteBuffer(bytes: bytes)
    self.lastModified = lastModified
    self.expires = expires
    entityTag = "\"\(Fingerprint(of: bytes).bytes.prefix(16).hexadecimal)\""
    lastModifiedText = httpDate(lastModified)
    expiresText = httpDate(expires)
  }

  /// Answers a GET, so that caches keep the bytes as long as they are valid and no longer (RFC 5019 §6.2).
  func response(to request: Request, contentType: String, at now: Date) -> Response {
    let seconds = max(0, expires.timeIntervalSince(now).rounded(.down))
    let age = Int(min(seconds, 365 * 86_400))
    let headers: HTTPFields = [
      .contentType: contentType, .eTag: entityTag, .lastModified: lastModifiedText, .expires: expiresText,
      .cacheControl: "public, max-age=\(age), no-transform, must-revalidate",
    ]
    if isKnown(to: request) {
      var rest = headers
      rest[.contentType] = nil
      return Response(status: .notModified, headers: rest)
    }
    guard request.method == .head else {
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
    var described = headers
    described[.contentLength] = String(bytes.readableBytes)
    return Response(status: .ok, headers: described)
  }

  /// Answers a GET with bytes that are for this question alone, and so are stale as they arrive. RFC 5019 §6.2 forbids
  /// no-cache and no-store in signed answers. There is no entity tag to revalidate, because the next bytes are others.
  /// Expires is for caches of HTTP/1.0, which know nothing of max-age.
  func staleResponse(contentType: String) -> Response {
    let headers: HTTPFields = [
      .contentType: contentType, .lastModified: lastModifiedText, .expires: lastModifiedText,
      .cacheControl: "max-age=0, no-transform, must-revalidate",
    ]
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
  }

  /// RFC 9110 §13.1.2: If-None-Match decides; If-Modified-Since only where that is absent.
  private func isKnown(to request: Request) -> Bool {
    if let tags = request.headers[.ifNoneMatch] {
      return tags.split(separator: ",", maxSplits: 32).contains { tag in
        let bare = tag.drop { $0 == " " }.prefix { $0 != " " }
        return bare == "*" || bare == entityTag || bare == "W/" + entityTag
      }
    }
    return request.headers[.ifModifiedSince] == lastModifiedText
  }
}

/// IMF-fixdate (RFC 9110 §5.6.7).
func httpDate(_ date: Date) -> String {
  let text = rfc3339(date)
  let parts = text.split { "-T:Z".contains($0) }
  guard parts.count == 6, let month = Int(parts[1]), (1...12).contains(month) else { return text }
  let days = Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
  let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days % 7) + 7) % 7]
  let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  return "\(weekday), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
}

import Credentials
import Formats
import Orchestrator

/// A question whether certificates are revoked, as the body of a POST and in the path of a GET.
func fuzzOCSP(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  if let request = OCSPPath.request(in: "/ocsp/" + text) {
    require(request.count <= bytes.count, "a path grew")
    check(request)
  }
  check(bytes)
  let path = "/ocsp/" + String(decoding: Base64.encode(bytes), as: UTF8.self).replacing("=", with: "%3D")
  require(bytes.isEmpty || OCSPPath.request(in: path) == bytes, "a path is read differently")
}

private func check(_ der: [UInt8]) {
  guard let request = try? OCSPRequest(der: der) else { return }
  require(der.count <= OCSPRequest.sizeLimit, "a request beyond the limit was read")
  require((1...OCSPRequest.certificateLimit).contains(request.certificates.count), "too many certificates, or none")
  // With tag and length.
  require(request.nonce.map { $0.count <= OCSPRequest.longestNonce + 3 } != false, "a nonce beyond the limit")
  for id in request.certificates {
    require(!der.isEmpty && id.encoded.count <= der.count, "an identifier that wasn't in the request")
    require(id.serial.map { !$0.magnitude.isEmpty } != false, "a serial number without digits")
  }
}

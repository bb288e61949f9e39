import Foundation

/// A file of test cases in x509-limbo's format: the fields that a path validator needs.
struct LimboFile: Decodable, Sendable {
  var testcases: [LimboCase]
}

struct LimboCase: Decodable, Sendable {
  struct PeerName: Decodable, Sendable {
    var kind: String
    var value: String
  }

  var id: String
  var validationKind: String?
  var trustedCerts: [String]
  var untrustedIntermediates: [String]
  var peerCertificate: String
  var validationTime: String?
  var expectedResult: String
  var expectedPeerName: PeerName?
  var expectedPeerNames: [PeerName]?
  var keyUsage: [String]?
  var extendedKeyUsage: [String]?
  var maxChainDepth: Int?
  var crls: [String]?
  /// Not of x509-limbo: the machine code of the reason that our own vectors expect.
  var expectedReason: String?

  private enum CodingKeys: String, CodingKey {
    case id
    case validationKind = "validation_kind"
    case trustedCerts = "trusted_certs"
    case untrustedIntermediates = "untrusted_intermediates"
    case peerCertificate = "peer_certificate"
    case validationTime = "validation_time"
    case expectedResult = "expected_result"
    case expectedPeerName = "expected_peer_name"
    case expectedPeerNames = "expected_peer_names"
    case keyUsage = "key_usage"
    case extendedKeyUsage = "extended_key_usage"
    case maxChainDepth = "max_chain_depth"
    case crls
    case expectedReason = "expected_reason"
  }
}

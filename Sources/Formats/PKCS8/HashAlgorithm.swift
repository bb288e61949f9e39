import Crypto
import CryptoExtras
import Foundation
import SwiftASN1

/// The hash functions that encryption and authentication codes of files are made with.
enum HashAlgorithm: CaseIterable, Hashable, Sendable {
  case sha1, sha224, sha256, sha384, sha512

  init(hmac identifier: ASN1ObjectIdentifier) throws(FormatError) {
    guard let found = Self.allCases.first(where: { $0.hmacIdentifier == identifier }) else {
      throw .unsupported("the authentication code \(identifier)")
    }
    self = found
  }

  init(digest identifier: ASN1ObjectIdentifier) throws(FormatError) {
    guard let found = Self.allCases.first(where: { $0.digestIdentifier == identifier }) else {
      throw .unsupported("the hash function \(identifier)")
    }
    self = found
  }

  /// RFC 8018 §B.1.
  var hmacIdentifier: ASN1ObjectIdentifier {
    switch self {
    case .sha1: [1, 2, 840, 113549, 2, 7]
    case .sha224: [1, 2, 840, 113549, 2, 8]
    case .sha256: [1, 2, 840, 113549, 2, 9]
    case .sha384: [1, 2, 840, 113549, 2, 10]
    case .sha512: [1, 2, 840, 113549, 2, 11]
    }
  }

  var digestIdentifier: ASN1ObjectIdentifier {
    switch self {
    case .sha1: [1, 3, 14, 3, 2, 26]
    case .sha224: [2, 16, 840, 1, 101, 3, 4, 2, 4]
    case .sha256: [2, 16, 840, 1, 101, 3, 4, 2, 1]
    case .sha384: [2, 16, 840, 1, 101, 3, 4, 2, 2]
    case .sha512: [2, 16, 840, 1, 101, 3, 4, 2, 3]
    }
  }

  var pbkdf2Hash: KDF.Insecure.PBKDF2.HashFunction {
    switch self {
    case .sha1: .insecureSHA1
    case .sha224: .insecureSHA224
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    }
  }
}

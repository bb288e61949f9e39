import Credentials
package import Foundation
import SwiftASN1
@_spi(CMS) package import X509

/// A checkpoint with a detached signature (RFC 5652) over its one line: who vouches for the end of the chain, and when.
///
/// As a file it is the line of ``Checkpoint/encode()``, then the signature as PEM, which `openssl cms -verify` reads as
/// it stands.
package struct SignedCheckpoint: Sendable, Hashable {
  /// Who signed, once the signature was verified.
  package struct Signer: Sendable, Hashable {
    package var certificate: Certificate
    package var at: Date
  }

  package let checkpoint: Checkpoint
  /// The CMS SignedData, DER.
  package let signature: [UInt8]

  private static let label = "CMS"
  private static let mostBytes = 200_000

  /// Signs a checkpoint.
  ///
  /// - Parameters:
  ///   - chain: the signer's certificate, then those above it. The root may be left out.
  ///   - key: of the first certificate, which allows digital signatures.
  /// - Throws: ``LedgerError/unusable(what:)`` for a key that can't sign.
  package init(
    _ checkpoint: Checkpoint, chain: [Certificate], key: Certificate.PrivateKey, at now: Date
  ) throws(LedgerError) {
    guard let signer = chain.first, signer.publicKey == key.publicKey else {
      throw .unusable(what: "the signer's certificate is not of its key")
    }
    self.checkpoint = checkpoint
    do {
      signature = try CMS.sign(
        Data(checkpoint.encode().utf8), additionalIntermediateCertificates: Array(chain.dropFirst()),
        certificate: signer, privateKey: key, signingTime: Date(unixSeconds: now.unixSeconds), detached: true)
    } catch {
      throw .unusable(what: "a checkpoint can't be signed with this kind of key")
    }
  }

  private init(checkpoint: Checkpoint, signature: [UInt8]) {
    self.checkpoint = checkpoint
    self.signature = signature
  }

  /// The text of a file: the checkpoint's line and the signature as PEM.
  package func encode() -> String {
    checkpoint.encode() + PEMDocument(type: Self.label, derBytes: signature).pemString + "\n"
  }

  /// Reads a checkpoint file. Of several, as when each is appended to one file, the last counts.
  ///
  /// - Returns: the checkpoint, and the signature that follows it if one does.
  /// - Throws: ``LedgerError/notACheckpoint(_:)``.
  package static func decode(_ text: String) throws(LedgerError) -> (Checkpoint, SignedCheckpoint?) {
    guard text.utf8.count <= Checkpoint.longestFile else { throw .notACheckpoint("the file is too large") }
    let begin = "-----BEGIN \(label)-----"
    let lines = text.split(whereSeparator: \.isNewline)
    guard let start = lines.lastIndex(where: { $0.hasPrefix(begin) }),
      !lines[start...].contains(where: { Checkpoint.isCheckpoint($0) })
    else {
      return (try Checkpoint.decode(text), nil)
    }
    let checkpoint = try Checkpoint.decode(lines[..<start].joined(separator: "\n"))
    let pem = lines[start...].joined(separator: "\n")
    guard pem.utf8.count <= mostBytes, let document = try? PEMDocument(pemString: pem) else {
      throw .notACheckpoint("its signature can't be read")
    }
    return (checkpoint, SignedCheckpoint(checkpoint: checkpoint, signature: document.derBytes))
  }

  /// Verifies the signature and the signer's path, at the time that the signature names: the signer's certificate may
  /// have ended since.
  ///
  /// - Parameters:
  ///   - roots: the authorities that are believed.
  /// - Throws: ``LedgerError/checkpointSignature(_:)``.
  package func verify(roots: [Certificate], intermediates: [Certificate] = []) async throws(LedgerError) -> Signer {
    let parsed: CMSSignature
    let signers: [CMSSignature.Signer]
    do {
      parsed = try CMSSignature(berEncoded: signature)
      signers = try parsed.signers
    } catch {
      throw .checkpointSignature("it can't be read")
    }
    guard signers.count == 1, let signer = signers.first, let time = signer.signingTime else {
      throw .checkpointSignature("it names no signer, or no time")
    }
    let certificate = signer.certificate
    let valid = await CMS.isValidSignature(
      dataBytes: Data(checkpoint.encode().utf8), signatureBytes: Data(signature),
      trustRoots: CertificateStore([certificate])
    ) { PathIsJudgedElsewhere() }
    guard case .success(let result) = valid, result.signer == certificate else {
      throw .checkpointSignature("it isn't the signer's signature of this checkpoint")
    }
    var request = PathRequest(
      leaf: .parsed(certificate), intermediates: .init(parsed.certificates + intermediates), trust: .init(roots),
      at: time)
    request.keyUsages = [.digitalSignature]
    if let rejection = Credentials.verify(request).rejection {
      throw .checkpointSignature("its signer is not of this authority: \(rejection.message)")
    }
    return Signer(certificate: certificate, at: time)
  }
}

/// The library is asked for the signature alone; the path is judged by our own verifier.
private struct PathIsJudgedElsewhere: VerifierPolicy {
  let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
    .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.nameConstraints,
  ]

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult { .meetsPolicy }
}

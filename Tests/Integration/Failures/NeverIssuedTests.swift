import Credentials
import Foundation
import Ledger
import LedgerSQLite
import PKITestKit
import SwiftASN1
import Testing
import X509

/// What remains of a process that was killed after it reserved a serial and before it committed the certificate.
@Suite("a serial that was reserved and never issued")
struct NeverIssuedTests {
  @Test("is shown by status, is not exported, and does not stop the next certificate")
  func reserved() async throws {
    let workspace = try Workspace()
    try workspace.bash("countersign ca create --name 'Example CA' --no-passphrase --quiet")
    let serial = try await reserve(in: workspace)

    let status = try workspace.countersign(["status"])
    #expect(status.status == 0)
    #expect(status.text.contains("never issued  CN=node-1"))
    #expect(status.text.contains("1 never issued"))

    let export = try workspace.countersign(["export", serial.hex, "-o", "out.crt"])
    #expect(export.status == 1)
    #expect(export.errors.contains("error: serial \(serial.hex) was reserved and never issued"))
    #expect(export.errors.contains("hint: "))
    #expect(!FileManager.default.fileExists(atPath: workspace.file("out.crt")))

    let revoke = try workspace.countersign(["revoke", serial.hex])
    #expect(revoke.status == 1)

    try workspace.bash("countersign issue node-1 -o node --quiet; countersign events --verify >/dev/null")
    let list = try workspace.bash("countersign crl | openssl crl -noout -text")
    #expect(list.text.contains("No Revoked Certificates"))
  }

  /// Does what `sign` does up to the moment at which it would sign.
  private func reserve(in workspace: Workspace) async throws -> SerialNumber {
    let pem = try workspace.text("home/authority/issuer-1.crt")
    let issuer = try Certificate(pemEncoded: pem)
    var random = SystemRandomNumberGenerator()
    let serial = SerialNumber.random(using: &random)
    let now = Date()
    let reservation = Reservation(
      serial: serial, issuer: try IssuerReference(publicKey: issuer.publicKey, ordinal: 1), subject: "CN=node-1",
      commonName: "node-1", organization: nil, names: ["DNS:node-1"], profile: "node", keyAlgorithm: "P-256",
      notBefore: now, notAfter: now + 86_400, publicKeyHash: Array(repeating: 7, count: 32), request: nil,
      requestedBy: "test")
    try await SQLiteLedger.open(workspace.file("home/ledger.db")).reserve(reservation, at: now)
    return serial
  }
}

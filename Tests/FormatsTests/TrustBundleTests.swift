import Formats
import Foundation
import PKITestKit
import Testing

@Suite("Trust bundles")
struct TrustBundleTests {
  @Test("adding twice and removing twice changes nothing the second time")
  func idempotent() throws {
    let ca = try Material.ca()
    let other = try Material.leaf(.p256).certificate
    var bundle = TrustBundle([ca, ca])
    #expect(bundle.certificates == [ca])
    let added = [bundle.add(other), bundle.add(other)]
    #expect(added == [true, false])
    #expect(bundle.certificates == [ca, other])
    let fingerprint = TrustBundle.fingerprint(of: ca)
    let removed = [bundle.remove(fingerprint: fingerprint), bundle.remove(fingerprint: fingerprint)]
    #expect(removed == [true, false])
    #expect(bundle.certificates == [other])
  }

  @Test("the fingerprint is openssl's")
  func fingerprint() throws {
    let ca = try Material.ca()
    let text = try Tool.openssl(
      "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", input: Data(ca)
    ).text
    let hex = TrustBundle.fingerprint(of: ca).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
    #expect(text.contains(hex.joined(separator: ":")))
  }

  @Test("every kind of file gives the same bundle, and the PEM may be concatenated")
  func formats() throws {
    let ca = try Material.ca()
    let other = try Material.leaf(.rsa2048).certificate
    let bundle = TrustBundle([ca, other])
    var store = KeyStore()
    let trusted = [
      store.trust(ca, alias: "root", date: nil), store.trust(other, alias: "Root", date: nil),
      store.trust(ca, alias: "again", date: nil),
    ]
    #expect(trusted == [true, true, false])
    #expect(store.entries.map(\.alias) == ["root", "Root-2"])
    var random = SystemRandomNumberGenerator()
    let jks = try JKS.encode(store, password: "changeit", now: Date(), randomness: &random)
    let p12 = try PKCS12.encode(store, password: "changeit", randomness: &random)
    let pem = Array((TrustBundle([ca]).pem() + TrustBundle([other]).pem()).utf8)
    for (bytes, format) in [(jks, StoreFormat.jks), (p12, .pkcs12), (pem, .pem)] {
      #expect(StoreFormat(of: bytes) == format)
      #expect(try TrustBundle.decode(bytes, password: "changeit", legacy: nil) == bundle)
    }
    #expect(StoreFormat(of: ca) == .certificate)
    #expect(try TrustBundle.decode(ca, password: nil, legacy: nil).certificates == [ca])
    #expect(StoreFormat(of: Array("hello".utf8)) == nil)
    #expect(formatError { _ = try TrustBundle.decode(jks, password: nil, legacy: nil) } == .passphraseNeeded)
    let distrusted = store.distrust(fingerprint: TrustBundle.fingerprint(of: ca))
    #expect(distrusted)
    #expect(store.trustedCertificates == [other])
  }
}

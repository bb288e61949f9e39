import Formats
import Foundation
import PKITestKit
import Testing

@Suite("PEM")
struct PEMTests {
  private let certificate: String
  private let der: [UInt8]

  init() throws {
    certificate = try Material.leaf(.p256).certificatePEM
    der = try Material.leaf(.p256).certificate
  }

  @Test("writing gives openssl's own bytes back")
  func encode() throws {
    #expect(PEM.encode("CERTIFICATE", der) == certificate)
  }

  @Test("every length of content survives writing and reading")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 1)
    for length in 0...200 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(try PEM.parse(Array(PEM.encode("X", bytes).utf8)).map(\.der) == [bytes])
    }
  }

  @Test("what editors and cat do to a file is read, and reported with its line")
  func mangled() throws {
    let second = try Material.leaf(.rsa2048).certificatePEM
    let lines = certificate.split(separator: "\n").map(String.init)
    let cases: [(String, [UInt8], [PEM.Defect])] = [
      ("clean", Array((certificate + second).utf8), []),
      ("BOM", [0xef, 0xbb, 0xbf] + Array(certificate.utf8), [.init(line: 1, kind: .byteOrderMark)]),
      ("CRLF", Array(lines.map { $0 + "\r\n" }.joined().utf8), [.init(line: 1, kind: .crlf)]),
      (
        "fused", Array((lines.joined(separator: "\n") + second).utf8),
        [.init(line: lines.count, kind: .fusedLines)]
      ),
      (
        "no newline", Array(lines.joined(separator: "\n").utf8),
        [.init(line: lines.count, kind: .missingFinalNewline)]
      ),
      ("indented", Array(lines.map { "    " + $0 + "\n" }.joined().utf8), [.init(line: 1, kind: .indentation)]),
      (
        "blanks", Array((["intro"] + lines.map { $0 + "  " }).map { $0 + "\n" }.joined().utf8),
        [.init(line: 2, kind: .trailingWhitespace)]
      ),
    ]
    for (name, bytes, expected) in cases {
      let found = PEM.scan(bytes)
      #expect(found.blocks.first?.der == der, "\(name)")
      #expect(found.defects == expected, "\(name)")
      #expect(try PEM.parse(bytes).first?.der == der, "\(name)")
    }
  }

  @Test("UTF-16, escaped newlines and a file in one line are read and reported")
  func rewrapped() throws {
    var utf16: [UInt8] = [0xff, 0xfe]
    for unit in certificate.utf16 { utf16 += [UInt8(unit & 0xff), UInt8(unit >> 8)] }
    #expect(PEM.scan(utf16).blocks.map(\.der) == [der])
    #expect(PEM.scan(utf16).defects.map(\.kind) == [.utf16])
    let escaped = Array((certificate.replacingOccurrences(of: "\n", with: "\\n")).utf8)
    #expect(PEM.scan(escaped).blocks.map(\.der) == [der])
    #expect(PEM.scan(escaped).defects.map(\.kind).contains(.escapedNewlines))
    let joined = Array(certificate.replacingOccurrences(of: "\n", with: " ").utf8)
    #expect(PEM.scan(joined).blocks.map(\.der) == [der])
    #expect(PEM.scan(joined).defects.map(\.kind).contains(.fusedLines))
  }

  @Test("the text that openssl prints before a certificate is skipped")
  func textAround() throws {
    let text = try Tool.openssl("x509", "-text", input: Data(certificate.utf8)).stdout
    let found = PEM.scan(Array(text))
    #expect(found.blocks.map(\.der) == [der])
    #expect(found.defects.isEmpty)
    #expect((found.blocks.first?.line ?? 0) > 10)
  }

  @Test("damage is named with its line, and the other blocks stay readable")
  func damage() throws {
    var lines = certificate.split(separator: "\n").map(String.init)
    lines[3] = "MII!" + lines[3].dropFirst(4)
    let damaged = PEM.scan(Array((lines.joined(separator: "\n") + "\n" + certificate).utf8))
    #expect(damaged.defects == [.init(line: 4, kind: .badBase64)])
    #expect(damaged.blocks.map(\.der) == [der])
    let unterminated = PEM.scan(Array((lines.dropLast().joined(separator: "\n") + "\n" + certificate).utf8))
    #expect(unterminated.defects == [.init(line: 1, kind: .unterminated)])
    #expect(unterminated.blocks.map(\.der) == [der])
    let mismatched = certificate.replacingOccurrences(of: "END CERTIFICATE", with: "END PRIVATE KEY")
    #expect(PEM.scan(Array(mismatched.utf8)).defects.map(\.kind) == [.mismatchedEnd])
    #expect(formatError { _ = try PEM.parse(Array(mismatched.utf8)) } != nil)
  }

  @Test("a marker with four dashes, or with the dashes of a word processor, is noticed")
  func damagedMarkers() {
    let four = certificate.replacingOccurrences(of: "-----BEGIN", with: "----BEGIN")
    #expect(PEM.scan(Array(four.utf8)).defects.map(\.kind).contains(.damagedMarker))
    let long = certificate.replacingOccurrences(of: "-----", with: "\u{2014}\u{2014}")
    #expect(PEM.scan(Array(long.utf8)).defects.map(\.kind) == [.damagedMarker, .damagedMarker])
    #expect(formatError { _ = try PEM.parse(Array(long.utf8)) } == .notPEM("a certificate or key"))
  }

  @Test("no cut and no flipped byte makes the reader trap")
  func robustness() {
    let bytes = Array((certificate + certificate.dropLast()).utf8)
    for end in bytes.indices { _ = PEM.scan(Array(bytes[..<end])) }
    var random = SeededGenerator(seed: 2)
    for _ in 0..<500 {
      var copy = bytes
      for _ in 0..<8 { copy[Int.random(in: copy.indices, using: &random)] = UInt8.random(in: 0...255, using: &random) }
      _ = PEM.scan(copy)
    }
  }

  @Test("a file beyond the limit is refused")
  func tooLarge() {
    let bytes = [UInt8](repeating: 0x41, count: PEM.sizeLimit + 1)
    #expect(PEM.scan(bytes).defects == [.init(line: 1, kind: .tooLarge)])
    #expect(formatError { _ = try PEM.parse(bytes) }?.message.contains("exceeds") == true)
  }
}

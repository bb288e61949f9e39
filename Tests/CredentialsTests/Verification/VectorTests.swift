import Foundation
import Testing

@testable import limbo

@Suite struct VectorTests {
  static let cases: [LimboCase] = {
    let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Vectors/verification.json")
    return (try? JSONDecoder().decode(LimboFile.self, from: Data(contentsOf: vectors)).testcases) ?? []
  }()

  @Test("the vectors are there")
  func count() {
    #expect(Self.cases.count > 100)
  }

  @Test("each vector is answered as expected, and for the expected reason", arguments: VectorTests.cases)
  func answer(to testcase: LimboCase) {
    let answer = Answer(testcase, now: Date(timeIntervalSince1970: 0))
    #expect(answer.isExpected(by: testcase), "\(answer)")
  }

  @Test("an answer for another reason doesn't count")
  func otherReason() throws {
    var testcase = try #require(Self.cases.first { $0.expectedReason == "revoked" })
    testcase.expectedReason = "expired"
    #expect(!Answer(testcase, now: Date(timeIntervalSince1970: 0)).isExpected(by: testcase))
  }
}

extension LimboCase: CustomTestStringConvertible {
  public var testDescription: String { id }
}

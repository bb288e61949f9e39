import Credentials
import Foundation

/// Runs the cases of a file in x509-limbo's format and says which are answered otherwise than expected.
@main
struct Limbo {
  static func main() {
    do {
      let options = try Options(Array(CommandLine.arguments.dropFirst()))
      exit(try run(options) ? 0 : 1)
    } catch let error as UsageError {
      FileHandle.standardError.write(Data("error: \(error.message)\nhint: limbo FILE [--minimum N] [--reasons]\n".utf8))
      exit(2)
    } catch {
      FileHandle.standardError.write(Data("error: the file can't be read as x509-limbo cases: \(error)\n".utf8))
      exit(2)
    }
  }

  private static func run(_ options: Options) throws -> Bool {
    let file = try JSONDecoder().decode(LimboFile.self, from: Data(contentsOf: URL(fileURLWithPath: options.path)))
    let now = Date()
    var score = 0
    for testcase in file.testcases {
      let answer = Answer(testcase, now: now)
      if answer.isExpected(by: testcase) {
        score += 1
        if options.printsReasons { print("ok        \(testcase.id): \(answer)") }
      } else {
        let expected = testcase.expectedResult + (testcase.expectedReason.map { " (\($0))" } ?? "")
        print("otherwise \(testcase.id): expected \(expected), \(answer)")
      }
    }
    print("\(score) of \(file.testcases.count)")
    return score >= options.minimum ?? 0
  }
}

/// What we say to a case.
enum Answer: CustomStringConvertible {
  case verdict(Verdict)
  case unreadable(String)

  init(_ testcase: LimboCase, now: Date) {
    do {
      self = .verdict(verify(try testcase.request(now: now)))
    } catch let error as any ExplainedError {
      // An undecodable revocation list can't vouch for anybody.
      self = .verdict(.rejected(Rejection(.revocationListUnusable(error.message))))
    } catch {
      self = .unreadable("\(error)")
    }
  }

  func isExpected(by testcase: LimboCase) -> Bool {
    switch self {
    case .verdict(.accepted): testcase.expectedResult == "SUCCESS"
    case .verdict(.rejected(let rejection)):
      testcase.expectedResult == "FAILURE" && testcase.expectedReason ?? rejection.first.code == rejection.first.code
    case .unreadable: false
    }
  }

  var description: String {
    switch self {
    case .verdict(.accepted(let path)): "accepted over \(path.count) certificates"
    case .verdict(.rejected(let rejection)):
      "rejected (\(rejection.first.code)): \(rejection.message)"
        + (rejection.underlying.isEmpty ? "" : "; also: \(rejection.underlying.map(\.message).joined(separator: "; "))")
    case .unreadable(let what): "unreadable: \(what)"
    }
  }
}

private struct UsageError: Error {
  var message: String
}

private struct Options {
  var path = ""
  var minimum: Int?
  var printsReasons = false

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--minimum":
        guard let count = rest.popFirst().flatMap({ Int($0) }) else {
          throw UsageError(message: "--minimum wants a number")
        }
        minimum = count
      case "--reasons": printsReasons = true
      case _ where argument.hasPrefix("-") || !path.isEmpty: throw UsageError(message: "unexpected \(argument)")
      default: path = argument
      }
    }
    if path.isEmpty { throw UsageError(message: "no file given") }
  }
}

import Credentials
import Crypto
import Formats
import Foundation
import Logging
import Synchronization
import Testing
import X509

@testable import Router

/// Takes down what is logged.
private struct Notes: LogHandler {
  final class Book: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }
  }

  let book: Book
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    book.add("\(event.level) \(event.message): \(event.metadata?["reason"].map { "\($0)" } ?? "")")
  }
}

/// A server of lists.
private final class Server: Sendable {
  private let answers = Mutex<[String: [UInt8]]>([:])
  private let questions = Mutex(0)

  func serve(_ bytes: [UInt8]?, at url: String) { answers.withLock { $0[url] = bytes } }

  var asked: Int { questions.withLock { $0 } }

  var ask: RevocationFetcher.Ask {
    { [self] url in
      questions.withLock { $0 += 1 }
      guard let bytes = answers.withLock({ $0[url] }) else { return .failure(.init(reason: "Connection refused")) }
      return .success(bytes)
    }
  }
}

/// An authority that issues lists.
private struct Authority {
  private let issuer: RevocationListIssuer

  init(_ name: String) throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let subject = try DistinguishedName { CommonName(name) }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: [1]), publicKey: key.publicKey,
      notValidBefore: Date(timeIntervalSince1970: 1_800_000_000),
      notValidAfter: Date(timeIntervalSince1970: 2_000_000_000), issuer: subject, subject: subject,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: key.publicKey)
      }, issuerPrivateKey: key)
    issuer = RevocationListIssuer(certificate: certificate, key: key)
  }

  /// DER.
  func list(_ number: UInt64, at hour: Double) throws -> [UInt8] {
    try CertificateRevocationList.issue(
      entries: [], by: issuer,
      update: RevocationListUpdate(
        number: number, thisUpdate: RevocationFetcherTests.moment(hour),
        nextUpdate: RevocationFetcherTests.moment(hour + 24)))
  }
}

@Suite("revocation lists that are fetched")
struct RevocationFetcherTests {
  static func moment(_ hour: Double) -> Date { Date(timeIntervalSince1970: 1_900_000_000 + hour * 3600) }

  private static let url = "http://pki.example.org/ca.crl"
  private let server: Server
  private let book: Notes.Book
  private let fetcher: RevocationFetcher
  private let own: Authority
  private let partner: Authority

  init() throws {
    let (server, book) = (Server(), Notes.Book())
    fetcher = RevocationFetcher(logger: Logger(label: "test") { _ in Notes(book: book) }, by: server.ask)
    self.server = server
    self.book = book
    own = try Authority("Fleet CA")
    partner = try Authority("Partner CA")
  }

  /// It blocks, which no thread of a test's may do.
  /// - Returns: whether it is new.
  private func fetch(_ bytes: [UInt8]?, at hour: Double) async -> Bool {
    server.serve(bytes, at: Self.url)
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread { [fetcher] in
        continuation.resume(returning: fetcher.fetch([Self.url], at: Self.moment(hour)))
      }
    }
  }

  private var held: [UInt8]? { fetcher.latest(Self.url)?.bytes }

  private static let refused = "a revocation list can't be used: "

  @Test("a newer list takes the place of an older one, and the same again is nothing new")
  func newer() async throws {
    let (first, second) = (try own.list(1, at: 0), try own.list(2, at: 2))
    #expect(await fetch(first, at: 1))
    #expect(await !fetch(first, at: 1.5))
    #expect(held == first)
    #expect(await fetch(second, at: 3))
    #expect(held == second && book.all.isEmpty)
  }

  @Test("an older list, one with a lower number and what is no list don't, and each is told once")
  func older() async throws {
    let good = try own.list(5, at: 4)
    #expect(await fetch(good, at: 5))
    for (number, bytes) in [try own.list(6, at: 3), try own.list(4, at: 6), Array("<html>".utf8)].enumerated() {
      for _ in 1...3 { #expect(await !fetch(bytes, at: 7)) }
      #expect(held == good && book.all.count == number + 1, "\(book.all)")
    }
    #expect(
      Array(book.all.prefix(2)) == [
        "warning \(Self.refused)the list of CN=Fleet CA is older than the last one",
        "warning \(Self.refused)the list of CN=Fleet CA has a lower number than the last one",
      ])
    #expect(book.all.last?.hasPrefix("warning \(Self.refused)\(Self.url): ") == true, "\(book.all)")
    // After it was good meanwhile, the same is news.
    #expect(await !fetch(good, at: 7))
    #expect(await !fetch(Array("<html>".utf8), at: 7))
    #expect(book.all.count == 4)
  }

  @Test("lists that lack an authority don't, until that one's own list has ended")
  func lacking() async throws {
    let lists = [try own.list(1, at: 0), try partner.list(1, at: 0)]
    let both = Array(lists.map { PEM.encode("X509 CRL", $0) }.joined().utf8)
    let alone = try own.list(2, at: 20)
    #expect(await fetch(both, at: 1))
    #expect(await !fetch(alone, at: 21))
    #expect(held == both && book.all == ["warning \(Self.refused)there is no list of CN=Partner CA any more"])
    #expect(await fetch(alone, at: 25))
    #expect(held == alone)
  }

  @Test("a numbering that begins again is taken once the last list has ended, an older list never")
  func restarted() async throws {
    let (last, again, fresh) = (try own.list(9, at: 0), try own.list(1, at: 2), try own.list(2, at: 25))
    let replayed = try own.list(10, at: 24)
    #expect(await fetch(last, at: 1))
    #expect(await !fetch(again, at: 3))
    #expect(await fetch(fresh, at: 26))
    #expect(await !fetch(replayed, at: 60))
    #expect(held == fresh)
  }

  @Test("one that doesn't come is told each time, is wanted since it was asked for first, and is waited for once")
  func missing() async throws {
    #expect(await !fetch(nil, at: 1))
    #expect(await !fetch(nil, at: 2))
    #expect(fetcher.latest(Self.url) == FetchedList(bytes: nil, wantedSince: Self.moment(1)))
    #expect(fetcher.latest("http://pki.example.org/other") == nil)
    // Blocks only where it asks.
    fetcher.fetchUnknown([Self.url])
    #expect(server.asked == 2)
    #expect(book.all == Array(repeating: "error a revocation list can't be fetched: Connection refused", count: 2))
    let list = try own.list(1, at: 2)
    #expect(await fetch(list, at: 3))
    #expect(fetcher.latest(Self.url) == FetchedList(bytes: list, wantedSince: Self.moment(1)))
    #expect(await !fetch(nil, at: 4))
    #expect(held == list)
  }

  @Test("a list that can't be used is an error where none has come before")
  func unusable() async throws {
    #expect(await !fetch(Array("<html>".utf8), at: 1))
    #expect(held == nil && book.all.count == 1)
    #expect(book.all[0].hasPrefix("error \(Self.refused)"), "\(book.all)")
  }

  @Test(
    "why nothing came is said in plain words",
    arguments: [
      ("Connection errors: x: connection reset (error set): Connection refused) (errno: 111)", "Connection refused"),
      ("DNS error: SocketAddressError.UnknownHost: Name or service not known (error -2)", "its host can't be resolved"),
      ("HTTPClientError.deadlineExceeded", "no answer in time"),
      ("HTTPClientError.connectTimeout", "no answer in time"), ("answered 404", "answered 404"),
    ])
  func reasons(reason: String, plain: String) { #expect(RevocationFetcher.plain(reason) == plain) }
}

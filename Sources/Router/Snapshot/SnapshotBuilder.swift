package import Credentials
import Formats
package import Foundation
import SwiftASN1
import TLSRuntime
import X509

/// Makes a snapshot of a configuration and the files that it names. What hasn't changed since the last one is taken over,
/// with all that is known of it: tickets of listeners, health of endpoints.
package struct SnapshotBuilder: Sendable {
  /// The bytes of a file.
  private let read: @Sendable (String) throws -> [UInt8]
  /// The list that was last fetched from a URL; nil where none was.
  private let fetched: @Sendable (String) -> [UInt8]?
  /// What an endpoint's location stands for now.
  private let resolved: @Sendable (EndpointLocation) -> [Endpoint.Location]

  package init(
    reading read: @escaping @Sendable (String) throws -> [UInt8],
    fetched: @escaping @Sendable (String) -> [UInt8]? = { _ in nil },
    resolved: @escaping @Sendable (EndpointLocation) -> [Endpoint.Location]
  ) {
    self.read = read
    self.fetched = fetched
    self.resolved = resolved
  }

  /// - Throws: ``RouterSetupError``: the file that can't be used, and why. Nothing is half taken over then.
  package func build(
    _ configuration: RouterConfiguration, after previous: Snapshot?, at now: Date
  ) throws(RouterSetupError) -> Snapshot {
    var files = Files(read: read)
    var clusters: [ClusterState] = []
    for cluster in configuration.clusters {
      clusters.append(try build(cluster, after: previous?.cluster(named: cluster.name), &files, at: now))
    }
    var listeners: [ListenerState] = []
    for listener in configuration.listeners {
      listeners.append(
        try build(listener, clusters, after: previous?.listener(named: listener.name), &files, at: now))
    }
    return Snapshot(configuration: configuration, listeners: listeners, clusters: clusters)
  }

  // MARK: Clusters

  private func build(
    _ configuration: ClusterConfiguration, after previous: ClusterState?, _ files: inout Files, at now: Date
  ) throws(RouterSetupError) -> ClusterState {
    var recipe: TLSRecipe?
    if let tls = configuration.tls {
      recipe = TLSRecipe(
        credential: try tls.identity.map { identity throws(RouterSetupError) in
          try credential(identity, after: previous?.recipe, &files, at: now)
        },
        trust: try anchors(tls.trust, &files), lists: try lists(tls.revocation, &files), revocation: tls.revocation,
        settings: tls.settings, applicationProtocols: tls.settings.alpn)
    }
    if let previous, previous.configuration == configuration, previous.recipe == recipe {
      previous.resolve(resolved)
      return previous
    }
    let state = ClusterState(configuration, after: previous, recipe: recipe)
    state.resolve(resolved)
    if configuration.health == nil { for endpoint in state.current { endpoint.setHealth(true) } }
    // An identity that can't be used shall be known now, and not when the first client comes.
    for host in Set(state.current.map(\.location.host)) {
      do throws(TLSSetupError) {
        _ = try state.context(for: host)
      } catch {
        throw RouterSetupError(error, of: configuration.tls?.identity?.certificate ?? configuration.name)
      }
    }
    return state
  }

  // MARK: Listeners

  private func build(
    _ configuration: ListenerConfiguration, _ clusters: [ClusterState], after previous: ListenerState?,
    _ files: inout Files, at now: Date
  ) throws(RouterSetupError) -> ListenerState {
    let leadsTo = Set([configuration.to].compactMap { $0 } + configuration.routes.map(\.to))
    if configuration.protocol == .http,
      let cluster = clusters.first(where: { leadsTo.contains($0.name) && $0.configuration.sendsProxyHeader })
    {
      throw RouterSetupError(
        file: configuration.name, "\(cluster.name) wants a PROXY header, and requests of many share a connection",
        hint: "leave proxyProtocol out there: headers say who the client is")
    }
    var tls: TLSContext?
    var recipe: TLSRecipe?
    if let identity = configuration.identity {
      let made = TLSRecipe(
        credential: try credential(identity, after: previous?.recipe, &files, at: now),
        trust: try configuration.clients.map { clients throws(RouterSetupError) in try anchors(clients.trust, &files) }
          ?? [],
        lists: try lists(configuration.clients?.revocation, &files), revocation: configuration.clients?.revocation,
        settings: configuration.tls, applicationProtocols: Self.applicationProtocols(configuration))
      recipe = made
      if let previous, previous.recipe == made, let context = previous.tls {
        tls = context
      } else {
        do throws(TLSSetupError) {
          tls = try made.context(.server, purpose: configuration.clients == nil ? nil : .client)
        } catch {
          throw RouterSetupError(error, of: identity.certificate)
        }
      }
    }
    let named = Dictionary(clusters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return ListenerState(
      configuration, tls: tls, recipe: recipe, cluster: configuration.to.flatMap { named[$0] },
      routes: configuration.routes.compactMap { route in
        named[route.to].map { RouteState(configuration: route, cluster: $0) }
      },
      gauges: previous?.gauges ?? ListenerGauges())
  }

  private static func applicationProtocols(_ listener: ListenerConfiguration) -> [String] {
    guard listener.tls.alpn.isEmpty else { return listener.tls.alpn }
    return switch listener.protocol {
    case .http: ["h2", "http/1.1"]
    case .postgres: ["postgresql"]
    case .tcp, .passthrough: []
    }
  }

  // MARK: Files

  private func credential(
    _ identity: IdentityFiles, after previous: TLSRecipe?, _ files: inout Files, at now: Date
  ) throws(RouterSetupError) -> RouterCredential {
    let chain = try files.certificates(identity.certificate)
    var passphrase: String?
    if let file = identity.passphraseFile {
      passphrase = String(decoding: try files.bytes(file), as: UTF8.self).trimmingCharacters(in: .newlines)
    }
    let bytes = try files.bytes(identity.key)
    let key: Certificate.PrivateKey
    let der: [UInt8]
    do throws(FormatError) {
      key = try KeyCoding.decode(bytes, passphrase: passphrase, legacy: NIOSSLLegacyDecryption())
      der = try KeyCoding.pkcs8(key)
    } catch {
      throw RouterSetupError(error, of: identity.key)
    }
    guard let leaf = chain.first, let certificate = try? Certificate(derEncoded: leaf) else {
      throw RouterSetupError(
        file: identity.certificate, "its first certificate can't be used",
        hint: "`countersign inspect \(identity.certificate)` says what it is")
    }
    guard certificate.publicKey == key.publicKey else {
      throw RouterSetupError(
        file: identity.certificate, "\(identity.key) holds the key of another certificate",
        hint: "check that both were written together")
    }
    // One that has expired while it was in force holds up nothing else, such as a fresh CRL.
    let isInForce = previous?.credential?.chain == chain
    guard isInForce || certificate.notValidBefore <= now && now < certificate.notValidAfter else {
      throw RouterSetupError(
        file: identity.certificate,
        "it is valid from \(certificate.notValidBefore.formatted(.iso8601)) until \(certificate.notValidAfter.formatted(.iso8601)), not now",
        hint: "renew it")
    }
    return RouterCredential(chain: chain, key: der)
  }

  private func anchors(_ path: String, _ files: inout Files) throws(RouterSetupError) -> [[UInt8]] {
    let anchors = try files.certificates(path)
    guard anchors.contains(where: { CertificateInput(der: $0).certificate != nil }) else {
      throw RouterSetupError(
        file: path, "none of its certificates can be used", hint: "`countersign inspect \(path)` says what they are")
    }
    return anchors
  }

  private func lists(_ source: RevocationSource?, _ files: inout Files) throws(RouterSetupError) -> [[UInt8]] {
    var lists: [[UInt8]] = []
    for location in source?.locations ?? [] {
      if location.contains("://") {
        if let bytes = fetched(location) { lists += try RevocationListFile.parse(bytes, path: location) }
      } else {
        lists += try RevocationListFile.parse(try files.bytes(location), path: location)
      }
    }
    return lists
  }
}

/// Reads each file once.
private struct Files {
  let read: @Sendable (String) throws -> [UInt8]
  private var contents: [String: [UInt8]] = [:]

  init(read: @escaping @Sendable (String) throws -> [UInt8]) { self.read = read }

  mutating func bytes(_ path: String) throws(RouterSetupError) -> [UInt8] {
    if let known = contents[path] { return known }
    do {
      let bytes = try read(path)
      contents[path] = bytes
      return bytes
    } catch {
      throw RouterSetupError(error, of: path)
    }
  }

  /// DER, in the file's order.
  mutating func certificates(_ path: String) throws(RouterSetupError) -> [[UInt8]] {
    let bytes = try bytes(path)
    guard PEM.isLikely(bytes) else { return [bytes] }
    let blocks: [PEM.Block]
    do throws(FormatError) {
      blocks = try PEM.parse(bytes)
    } catch {
      throw RouterSetupError(error, of: path)
    }
    let certificates = blocks.filter(PEM.isCertificate).map(\.der)
    guard !certificates.isEmpty else {
      throw RouterSetupError(
        file: path, "it holds no certificate", hint: "`countersign inspect \(path)` says what it is")
    }
    return certificates
  }
}

/// CRLs in a file: PEM with any number of them, or DER with one.
enum RevocationListFile {
  static func parse(_ bytes: [UInt8], path: String) throws(RouterSetupError) -> [[UInt8]] {
    let lists: [[UInt8]]
    if PEM.isLikely(bytes) {
      do throws(FormatError) {
        lists = try PEM.parse(bytes).filter { $0.label == "X509 CRL" }.map(\.der)
      } catch {
        throw RouterSetupError(error, of: path)
      }
    } else {
      lists = [bytes]
    }
    guard !lists.isEmpty else {
      throw RouterSetupError(file: path, "it holds no CRL", hint: "`countersign inspect \(path)` says what it is")
    }
    for list in lists {
      do throws(RevocationError) {
        _ = try CertificateRevocationList(der: list)
      } catch {
        throw RouterSetupError(file: path, error.message, hint: "`countersign inspect \(path)` says what it is")
      }
    }
    return lists
  }
}

/// All that a TLS context is made of, as bytes: where nothing of it has changed, the context stays, and its tickets.
struct TLSRecipe: Hashable, Sendable {
  var credential: RouterCredential?
  var trust: [[UInt8]]
  var lists: [[UInt8]]
  var revocation: RevocationSource?
  var settings: TLSSettings
  var applicationProtocols: [String]

  /// - Parameter purpose: what the peer is; nil where it isn't asked for a certificate.
  func context(_ role: TLSContext.Role, purpose: Purpose?, name: ReferenceName? = nil) throws(TLSSetupError)
    -> TLSContext
  {
    var trust: PeerTrust?
    if let purpose {
      let revocations = revocation.map { source in
        Revocations(
          lists: lists.compactMap { try? CertificateRevocationList(der: $0) }, staleAfter: source.staleAfter,
          whenStale: source.whenStale)
      }
      trust = PeerTrust(
        anchors: self.trust.map(CertificateInput.init(der:)), purpose: purpose, name: name, revocation: revocations)
    }
    return try TLSContext(
      .init(
        role: role, credential: credential, trust: trust, settings: settings, applicationProtocols: applicationProtocols
      ))
  }
}

/// Why configuration and files can't be put in force.
package struct RouterSetupError: Error, Sendable, ExplainedError {
  package let message: String
  package let hint: String?
  package let kind: FailureKind

  init(file: String, _ message: String, hint: String?, kind: FailureKind = .badInput) {
    self.message = message.hasPrefix(file) ? message : "\(file): \(message)"
    self.hint = hint
    self.kind = kind
  }

  init(_ error: any Error, of file: String) {
    guard let error = error as? any ExplainedError else {
      self.init(file: file, "\(error)", hint: nil, kind: .environment)
      return
    }
    self.init(file: file, error.message, hint: error.hint, kind: error.kind)
  }
}

import Foundation

/// What can be fuzzed: each parser of bytes that come from outside.
enum Subject: String, CaseIterable {
  case pem, key, certificate, request, crl, pkcs12, jks, yaml, kubeconfig, names, inspect, values, toml, diff, lint
  case orchestrator, est, join, basic, ocsp
  case passwords, laterenewal
  case proxy, clienthello, postgresstart, http1, http2

  static let chosen: Subject = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    if let subject = Subject(rawValue: name) { return subject }
    let known = allCases.map(\.rawValue).joined(separator: " ")
    FileHandle.standardError.write(Data("FUZZ_TARGET must be one of: \(known)\n".utf8))
    exit(2)
  }()

  /// Throws nothing: an error that a parser reports is what it should do. What must not happen is a trap, a hang, or
  /// a result that contradicts itself.
  func run(_ bytes: [UInt8]) {
    switch self {
    case .pem: fuzzPEM(bytes)
    case .key: fuzzKey(bytes)
    case .certificate: fuzzCertificate(bytes)
    case .request: fuzzRequest(bytes)
    case .crl: fuzzRevocationList(bytes)
    case .pkcs12: fuzzPKCS12(bytes)
    case .jks: fuzzJKS(bytes)
    case .yaml: fuzzYAML(bytes)
    case .kubeconfig: fuzzKubeconfig(bytes)
    case .names: fuzzNames(bytes)
    case .inspect: fuzzInspection(bytes)
    case .values: fuzzYAMLEditor(bytes)
    case .toml: fuzzTOMLEditor(bytes)
    case .diff: fuzzDiff(bytes)
    case .lint: fuzzLint(bytes)
    case .orchestrator: fuzzOrchestratorFile(bytes)
    case .est: fuzzEST(bytes)
    case .join: fuzzJoinString(bytes)
    case .basic: fuzzBasicCredentials(bytes)
    case .ocsp: fuzzOCSP(bytes)
    case .passwords: fuzzPasswords(bytes)
    case .laterenewal: fuzzLateRenewal(bytes)
    case .proxy: fuzzProxy(bytes)
    case .clienthello: fuzzClientHello(bytes)
    case .postgresstart: fuzzPostgresStart(bytes)
    case .http1: fuzzHTTP1(bytes)
    case .http2: fuzzHTTP2(bytes)
    }
  }
}

/// Stops the fuzzer where a result contradicts itself.
func require(_ condition: Bool, _ what: @autoclosure () -> String) {
  if !condition { fatalError(what()) }
}

/// The one moment at which everything is judged, so that a run can be repeated: 2026-07-01.
let fixedTime = Date(timeIntervalSince1970: 1_782_864_000)
/// The password of the seeds.
let seedPassword = "changeit"

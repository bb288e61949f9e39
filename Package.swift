// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let pki: [Target.Dependency] = [
  .product(name: "X509", package: "swift-certificates"),
  .product(name: "Crypto", package: "swift-crypto"),
  .product(name: "CryptoExtras", package: "swift-crypto"),
  .product(name: "SwiftASN1", package: "swift-asn1"),
]
let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
  .product(name: "NIOTLS", package: "swift-nio"),
]
let transport: [Target.Dependency] = nio + [.product(name: "NIOSSL", package: "swift-nio-ssl")]
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let http: [Target.Dependency] = [
  .product(name: "AsyncHTTPClient", package: "async-http-client"),
  .product(name: "NIOHTTP1", package: "swift-nio"),
]
let service: [Target.Dependency] = [
  .product(name: "Hummingbird", package: "hummingbird"),
  .product(name: "HummingbirdCore", package: "hummingbird"),
  .product(name: "HTTPTypes", package: "swift-http-types"),
  .product(name: "NIOHTTP1", package: "swift-nio"),
  .product(name: "NIOHTTP2", package: "swift-nio-http2"),
  .product(name: "NIOExtras", package: "swift-nio-extras"),
  .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
  .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
  .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
  .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
  .product(name: "UnixSignals", package: "swift-service-lifecycle"),
  .product(name: "Logging", package: "swift-log"),
  .product(name: "Metrics", package: "swift-metrics"),
]
let subprocess: [Target.Dependency] = [
  .product(name: "Subprocess", package: "swift-subprocess"),
  .product(name: "SystemPackage", package: "swift-system"),
]
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict)
}

// In the order of docs/design/layout.md: a target imports only targets listed before it.
let package = Package(
  name: "countersign",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "countersign", targets: ["countersign"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.44.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.11.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.12.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(name: "LinuxCalls", linkerSettings: [.linkedLibrary("resolv")]),
    library("Credentials", pki),
    library("Formats", ["Credentials", yams] + pki),
    library("Diagnosis", ["Credentials", "Formats"] + pki),
    library("Systems", ["Credentials", "Formats", "Diagnosis"] + pki),
    library("Enrolment", ["Credentials", "Formats"] + pki),
    library("Ledger", ["Credentials"] + pki),
    library("LedgerSQLite", ["LinuxCalls", "Ledger", "Credentials", grdb] + pki),
    library("TLSRuntime", ["Credentials", "Formats", "Diagnosis"] + pki + transport + http),
    library(
      "Orchestrator", ["Credentials", "Formats", "Enrolment", "Ledger", "TLSRuntime", yams] + pki + nio + service),
    // HTTP/2 for the router: Debian's libnghttp2-dev.
    .systemLibrary(name: "Nghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    // BoringSSL and llhttp come with NIOSSL and NIOHTTP1, as modules of theirs.
    library(
      "Router",
      [
        "LinuxCalls", "Nghttp2", "Credentials", "Formats", "Diagnosis", "TLSRuntime", yams,
        .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ] + pki),
    library("Kubernetes", ["Credentials", "Formats", "Diagnosis", "TLSRuntime"] + subprocess + pki),
    library(
      "Commands",
      [
        "LinuxCalls", "Credentials", "Formats", "Diagnosis", "Systems", "Ledger", "LedgerSQLite", "TLSRuntime",
        "Kubernetes", "Enrolment", "Orchestrator", "Router", yams, arguments,
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ] + pki),
    .executableTarget(name: "countersign", dependencies: ["Commands"], swiftSettings: strict),
    .executableTarget(
      name: "limbo", dependencies: ["Credentials", "Formats"] + pki, path: "Sources/ConformanceRunner",
      swiftSettings: strict),
    .executableTarget(
      name: "Bench", dependencies: ["Credentials", "Formats", "Ledger", "LedgerSQLite"] + pki, path: "Benchmarks/Bench",
      swiftSettings: strict),

    .target(
      name: "PKITestKit", dependencies: ["LinuxCalls"] + pki, exclude: ["KubernetesAPI/server"], swiftSettings: strict),
    library("StoreTestKit", ["Ledger", "Credentials"] + pki),

    tests("CredentialsTests", ["Credentials", "limbo", "PKITestKit"] + pki),
    tests("FormatsTests", ["Formats", "Credentials", "TLSRuntime", "PKITestKit"] + pki),
    tests("DiagnosisTests", ["Diagnosis", "Formats", "Credentials", "PKITestKit"] + pki),
    tests("SystemsTests", ["Systems", "Diagnosis", "Formats", "Credentials", "PKITestKit"] + pki),
    tests("LedgerTests", ["Ledger", "LedgerSQLite", "StoreTestKit", "Credentials", "PKITestKit", grdb] + pki),
    tests(
      "IntegrationTests", ["countersign", "Ledger", "LedgerSQLite", "Credentials", "PKITestKit"] + pki,
      path: "Tests/Integration",
      exclude: [
        "Desk", "Fleet", "Live", "Faults/faults.py", "Faults/watch.py", "Faults/full_disk.c", "Faults/kill.py",
        "Faults/disk_full.py", "Faults/clock_back.py",
        "Faults/slow_client.py", "Faults/big_body.py", "Faults/half_open.py", "Faults/rapid_reset.py",
        "Router/clients.py", "Router/peers", "Harness/functions.sh", "Harness/terminal.py", "Harness/interrupt.c",
      ]),
    tests("TLSRuntimeTests", ["TLSRuntime", "Diagnosis", "Formats", "Credentials", "PKITestKit"] + pki + transport),
    tests("EnrolmentTests", ["Enrolment", "Formats", "Credentials", "PKITestKit"] + pki),
    tests(
      "OrchestratorTests",
      ["Orchestrator", "Enrolment", "Ledger", "LedgerSQLite", "TLSRuntime", "Formats", "Credentials", "PKITestKit"]
        + pki
        + transport + service,
      exclude: ["HTTP/clients.py"]),
    tests(
      "RouterTests",
      ["Router", "Formats", "Credentials", "PKITestKit", .product(name: "Logging", package: "swift-log")] + pki),
    tests("KubernetesTests", ["Kubernetes", "TLSRuntime", "Formats", "Credentials", "PKITestKit"] + pki),
  ]
)

// The fuzz target is no part of a normal build: it needs libFuzzer and instrumented dependencies (scripts/fuzz).
if Context.environment["COUNTERSIGN_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Credentials", "Formats", "Diagnosis", "Systems", "Enrolment", "Orchestrator", "Router", yams,
        .product(name: "Logging", package: "swift-log"),
      ] + pki,
      path: "Fuzz",
      exclude: ["make-corpus"], swiftSettings: strict))
  // Its HTTP is internal to the module, and is fuzzed all the same.
  for target in package.targets where target.name == "Router" {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-enable-testing"])]
  }
}

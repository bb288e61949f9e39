/// A metric as it is declared, before anything is measured.
package struct MetricDefinition: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case counter
    case gauge
    /// With the upper bounds of its buckets, ascending; +Inf comes by itself.
    case histogram([Double])
  }

  /// In the form of Prometheus: with its unit, and `_total` for a counter.
  package var name: String
  package var kind: Kind
  package var labels: [String]
  /// One sentence.
  package var help: String

  package init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.help = help
  }
}

extension MetricDefinition {
  /// From half a millisecond to ten seconds.
  static let latencies: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  static let requests = MetricDefinition(
    "countersign_http_requests_total", .counter, labels: ["route", "method", "status"],
    "Requests answered, by route, method and status.")
  static let requestDuration = MetricDefinition(
    "countersign_http_request_duration_seconds", .histogram(latencies), labels: ["route"],
    "Time from a request's head to its answer, by route.")
  static let connections = MetricDefinition(
    "countersign_connections", .gauge, "Connections that are open, on both listeners.")
  static let openHandshakes = MetricDefinition(
    "countersign_connections_handshaking", .gauge, "Open connections whose TLS handshake is not completed.")
  static let accepted = MetricDefinition(
    "countersign_connections_accepted_total", .counter, "Connections that were accepted.")
  static let closings = MetricDefinition(
    "countersign_connections_closed_total", .counter, labels: ["reason"],
    "Connections that the service closed or didn't take, by reason.")
  static let handshakes = MetricDefinition(
    "countersign_tls_handshakes_total", .counter, labels: ["outcome"],
    "TLS handshakes that ended: with a client certificate, anonymous, or why they failed.")
  static let admissions = MetricDefinition(
    "countersign_admissions_total", .counter, labels: ["kind", "outcome", "reason"],
    "Decisions on requests for certificates, by kind of admission, outcome, and reason of a refusal.")
  static let issued = MetricDefinition(
    "countersign_certificates_issued_total", .counter, labels: ["kind"],
    "Certificates issued by this process, by kind of admission.")
  static let revocations = MetricDefinition(
    "countersign_revocations", .gauge, "Revoked certificates that this process knows of.")
  static let revocationListAge = MetricDefinition(
    "countersign_crl_age_seconds", .gauge, labels: ["issuer"], "Time since the CRL that is served was signed.")
  static let revocationListEnd = MetricDefinition(
    "countersign_crl_next_update_timestamp_seconds", .gauge, labels: ["issuer"],
    "When the CRL that is served ends, in Unix time.")
  static let statusAnswers = MetricDefinition(
    "countersign_ocsp_responses_total", .counter, labels: ["status", "cache"],
    "OCSP answers, by status and by whether they came from the cache.")
  static let ledgerLatency = MetricDefinition(
    "countersign_ledger_transaction_duration_seconds", .histogram(latencies),
    "Time that a write transaction of the ledger took, its sync included.")
  static let ledgerBatch = MetricDefinition(
    "countersign_ledger_batch_size", .histogram([1, 2, 4, 8, 16, 32, 64, 128, 256]),
    "Writes that shared one transaction of the ledger.")
  static let ledgerQueue = MetricDefinition(
    "countersign_ledger_queue_length", .gauge, "Writes that waited for the ledger when its last transaction began.")
  static let waitingRequests = MetricDefinition(
    "countersign_requests_waiting", .gauge, "Requests that wait for an operator's decision.")
  static let ownCertificateEnd = MetricDefinition(
    "countersign_own_certificate_expiry_timestamp_seconds", .gauge,
    "When the certificate of the TLS listener ends, in Unix time.")
  static let issuerEnd = MetricDefinition(
    "countersign_issuer_expiry_timestamp_seconds", .gauge, labels: ["issuer"],
    "When the certificate of an issuer ends, in Unix time.")
  static let reloadSuccess = MetricDefinition(
    "countersign_config_last_reload_successful", .gauge,
    "Whether the last reading of the configuration succeeded: 1, or 0 and the one before stays in force.")
  static let reloadTime = MetricDefinition(
    "countersign_config_last_reload_success_timestamp_seconds", .gauge,
    "When the configuration was last read with success, in Unix time.")
  static let build = MetricDefinition(
    "countersign_build_info", .gauge, labels: ["version"], "Always 1; its label is the program's version.")
  static let cpuTime = MetricDefinition(
    "process_cpu_seconds_total", .counter, "Processor time that this process took.")
  static let residentMemory = MetricDefinition(
    "process_resident_memory_bytes", .gauge, "Memory of this process that is resident.")
  static let openFiles = MetricDefinition("process_open_fds", .gauge, "File descriptors that are open.")
  static let mostFiles = MetricDefinition("process_max_fds", .gauge, "File descriptors that may be open.")
  static let startTime = MetricDefinition(
    "process_start_time_seconds", .gauge, "When this process started, in Unix time.")

  /// All that /metrics shows, in its order. docs/operate/observability.md describes each.
  package static let all: [MetricDefinition] = [
    requests, requestDuration, connections, openHandshakes, accepted, closings, handshakes, admissions, issued,
    revocations, revocationListAge,
    revocationListEnd, statusAnswers, ledgerLatency, ledgerBatch, ledgerQueue, waitingRequests, ownCertificateEnd,
    issuerEnd, reloadSuccess, reloadTime, build, cpuTime, residentMemory, openFiles, mostFiles, startTime,
  ]
}

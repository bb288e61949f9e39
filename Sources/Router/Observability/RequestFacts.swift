import Foundation

/// What is remembered of a request for its line in the log.
struct RequestFacts {
  let transaction: HTTPTransaction
  var status: Int?
  var reason: String?
  var id: String?
  var cluster: String?
  var rule: String?
  var received: Int
  var sent: Int
  var microseconds: Int64

  func line(at now: Date) -> [UInt8] {
    let connection = transaction.connection
    var line = LogLine()
    line.add("time", timestamp(now))
    line.add("listener", connection.listener.name)
    line.add("client", connection.clientAddress.description)
    line.add("method", transaction.request.method)
    line.add("host", transaction.request.authority)
    line.add("path", String(transaction.request.path))
    // 499: the client went away first.
    line.add("status", status ?? 499)
    line.add("reason", reason)
    line.add("id", id)
    line.add("subject", connection.client.verdict?.peer?.subject)
    line.add("rule", rule ?? connection.facts.rule)
    line.add("cluster", cluster)
    line.add("endpoint", transaction.endpoint?.description)
    line.add("received", received)
    line.add("sent", sent)
    line.add("duration_us", Int(microseconds))
    return line.ended()
  }
}

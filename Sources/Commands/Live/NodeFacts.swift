import Foundation
import Orchestrator

/// All nodes, and who waits.
struct NodeListFacts: Facts {
  var nodes: [API.Node]
  var waiting: [API.PendingRequest]

  func lines(_ style: TextStyle) -> [String] {
    let rows = nodes.map { node in
      [
        node.name, node.organization ?? "-", node.state == .shutOut ? "revoked" : "admitted", node.admission ?? "desk",
        node.latest.notAfter, node.lastSeen?.at ?? "-",
      ]
    }
    var lines: [String] = []
    if nodes.isEmpty {
      lines.append("no nodes")
    } else {
      let head = ["NAME", "ORGANIZATION", "STATE", "ADMISSION", "VALID UNTIL", "LAST SEEN"]
      lines += TextTable(rows: [head] + rows).lines { row, line in
        guard row > 0 else { return style.bold(line) }
        return nodes[row - 1].state == .shutOut ? style.dim(line) : line
      }
    }
    guard !waiting.isEmpty else { return lines }
    let requests = waiting.map { request in
      [request.name, request.organization ?? "-", request.pairingCode, request.source, request.createdAt]
    }
    let head = ["WAITING", "ORGANIZATION", "PAIRING CODE", "SOURCE", "SINCE"]
    return lines + TextTable(rows: [head] + requests).lines { row, line in row == 0 ? style.bold(line) : line }
  }
}

/// One node, and what waits under its name.
struct NodeFacts: Facts {
  var node: API.Node?
  var certificates: [API.Certificate]
  var waiting: [API.PendingRequest]

  func lines(_ style: TextStyle) -> [String] {
    var lines: [String] = []
    if let node {
      lines += fieldLines([
        ("node", node.name), ("organization", node.organization),
        ("state", node.state == .shutOut ? "revoked at \(node.shutOutAt ?? "")" : "admitted"),
        ("admission", "\(node.admission ?? "desk")\(node.rule.map { ", rule \($0)" } ?? "")"),
        ("first issued", node.firstIssuedAt),
        ("last seen", node.lastSeen.map { "\($0.at) from \($0.source) with \($0.serial)" }),
        ("certificates", "\(node.certificateCount)"),
      ])
      let rows = certificates.map { [$0.serial, $0.state, $0.notAfter, $0.names.joined(separator: ", ")] }
      lines += TextTable(rows: [["SERIAL", "STATE", "VALID UNTIL", "NAMES"]] + rows).lines { row, line in
        row == 0 ? style.bold(line) : line
      }
    }
    for request in waiting { lines += request.lines(style) }
    return lines
  }
}

extension API.PendingRequest: Facts {
  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      ("request", id), ("name", name), ("organization", organization),
      ("names", names.isEmpty ? nil : names.joined(separator: ", ")), ("pairing code", pairingCode),
      ("source", source), ("state", decidedBy.map { "\(state) by \($0)" } ?? state), ("since", createdAt),
      ("expires", state == "waiting" ? expiresAt : nil),
    ])
  }
}

extension API.NodeDecision: Facts {
  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      (state == .shutOut ? "revoked" : "readmitted", name), ("organization", organization),
      ("serials", revoked.isEmpty ? nil : revoked.joined(separator: ", ")),
      (
        "next",
        state == .shutOut
          ? "nothing is issued to it until `countersign nodes readmit \(name)\(organization.map { " --org \($0)" } ?? "")`"
          : nil
      ),
    ])
  }
}

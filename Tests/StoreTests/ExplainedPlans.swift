import Foundation
import Synchronization

/// The plans that a connection with `auto_explain` tells of, in JSON, as notices.
final class ExplainedPlans: Sendable {
  /// What makes the server tell: settings that only a superuser may give.
  static let settings = [
    "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off", "auto_explain.log_nested_statements": "on", "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
  ]

  private let texts = Mutex<[String]>([])

  func add(_ message: String) {
    guard message.contains("plan:"), let start = message.firstIndex(of: "{") else { return }
    texts.withLock { $0.append(String(message[start...])) }
  }

  /// What was told since it was asked last.
  func take() -> [String] {
    texts.withLock { texts in
      defer { texts = [] }
      return texts
    }
  }
}

/// One part of a plan, with what it did.
struct PlanNode {
  let kind: String
  let relation: String?
  /// In all its rounds.
  let rows: Double

  var title: String { "\(kind)\(relation.map { " of \($0)" } ?? "") touched \(Int(rows)) rows" }

  static func nodes(of text: String) throws -> [PlanNode] {
    guard let plan = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let root = plan["Plan"] as? [String: Any]
    else { return [] }
    return gather(root)
  }

  private static func gather(_ plan: [String: Any]) -> [PlanNode] {
    func number(_ name: String) -> Double { (plan[name] as? NSNumber)?.doubleValue ?? 0 }
    let each = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck")
    let rounds = max(1, number("Actual Loops"))
    let kind = plan["Node Type"] as? String ?? ""
    let parts = plan["Plans"] as? [[String: Any]] ?? []
    let inner = parts.flatMap(gather)
    // What is sorted is what comes from below, each round anew; a sort gives on only what is asked of it.
    guard kind == "Sort", let below = parts.first else {
      return [PlanNode(kind: kind, relation: plan["Relation Name"] as? String, rows: each * rounds)] + inner
    }
    let sorted = (below["Actual Rows"] as? NSNumber)?.doubleValue ?? 0
    return [PlanNode(kind: kind, relation: nil, rows: sorted)] + inner
  }
}

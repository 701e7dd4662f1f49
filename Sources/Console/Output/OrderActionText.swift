import Market
package import Store
import Terminal

/// What actions on orders are, or would be, in lines for `gkm order` and for the console's forms.
package enum OrderActionText {
  package static func lines(_ plan: ResendPlan) -> [String] {
    var lines = plan.deliveries.prefix(8).map {
      "Unit \($0.position): \($0.title), its delivery is \($0.state.rawValue), goes to \(plan.address)"
    }
    if plan.deliveries.count > 8 { lines.append("and \(plan.deliveries.count - 8) more units") }
    if plan.deliveries.isEmpty { lines.append("No key was sent yet: all of them go to \(plan.address)") }
    if plan.asks == true { lines.append("Ops or an admin has to agree first.") }
    return lines.map { Sanitizer.clean($0) }
  }

  package static func lines(_ plan: ReplacementPlan) -> [String] {
    let delivery = plan.deliveryState.map { ", its delivery is \($0.rawValue)" } ?? ""
    let looked = plan.wasRevealed ? ", and it was looked at" : ""
    var lines = ["Unit \(plan.position): \(plan.title) of \(plan.vendor), key \(plan.key)\(delivery)\(looked)"]
    let others = plan.inStock == 0 ? "No other key" : plan.inStock == 1 ? "1 other key" : "\(plan.inStock) other keys"
    lines.append("\(others) in stock")
    lines.append(siblings(plan.siblings))
    if plan.asks { lines.append("Ops or an admin has to agree first.") }
    return lines.map { Sanitizer.clean($0) }
  }

  /// `Import 12 (keys.csv): 500 keys, 120 sold, 379 in stock, 1 bad`
  package static func siblings(_ counts: KeySiblings) -> String {
    var parts = ["\(counts.total) keys", "\(counts.sold) sold", "\(counts.available) in stock"]
    if counts.quarantined > 0 { parts.append("\(counts.quarantined) quarantined") }
    if counts.revoked > 0 { parts.append("\(counts.revoked) revoked") }
    if counts.withdrawn > 0 { parts.append("\(counts.withdrawn) withdrawn") }
    parts.append("\(counts.bad) bad")
    return Sanitizer.clean("Import \(counts.batch) (\(counts.source)): \(parts.joined(separator: ", "))")
  }

  package static func lines(_ plan: HoldPlan) -> [String] {
    if let holder = plan.heldBy {
      let goes = plan.resumed ?? 0
      return ["Held by \(holder) until now; \(goes) deliver\(goes == 1 ? "y goes" : "ies go") on"]
    }
    let stopped = plan.stopped ?? 0
    let becomes = plan.state == .held ? "It is held" : "It stays \(plan.was.rawValue), and is held once it is paid"
    return [becomes + "; \(stopped) deliver\(stopped == 1 ? "y is" : "ies are") stopped"]
  }
}

import Market
import Store
import Terminal

/// The readable summary of an order's evidence: one page, nothing fetched from anywhere.
enum EvidencePage {
  static func html(_ evidence: OrderEvidence) -> String {
    let head = evidence.head.checkpoint
    let rows = evidence.events.enumerated().map { index, event in row(index, event) }.joined(separator: "\n")
    let unsealed =
      evidence.unsealed == 0
      ? "" : "<p>\(evidence.unsealed) further events of this order were not sealed yet and are not part of this.</p>"
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
      <meta name="referrer" content="no-referrer"><title>Evidence for order \(escaped(evidence.order))</title>
      <style>
      body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #111; background: #fff }
      table { border-collapse: collapse; width: 100% }
      th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ccc }
      code { font-size: 13px; overflow-wrap: anywhere }
      </style></head><body>
      <h1>Order \(escaped(evidence.order))</h1>
      <p>\(evidence.events.count) events of the audit log <b>\(escaped(head.origin))</b>, as it stood with \(head.size) events
      at \(head.at). Times are UTC. This page is for reading: what is proved are the files in <code>events/</code>;
      README.txt says how to check them.</p>
      \(unsealed)
      <table><thead><tr><th>Time</th><th>What</th><th>About</th><th>Details</th><th>By</th><th>Event at Stripe</th>
      <th>File, leaf</th></tr></thead><tbody>
      \(rows)
      </tbody></table>
      <p>Root of the tree: <code>\(head.root)</code><br>Signed by <code>\(escaped(evidence.key.text))</code></p>
      </body></html>

      """
  }

  private static func row(_ index: Int, _ event: OrderEvidence.Event) -> String {
    let place = "\(EvidenceBundle.name(index)), \(event.leaf)"
    guard let record = try? AuditRecord(parsing: event.body) else {
      return "<tr><td colspan=\"6\">not readable</td><td>\(place)</td></tr>"
    }
    var details = record.details.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    if let reason = record.reason { details.insert("reason: \(reason)", at: 0) }
    let cells = [
      record.at.rfc3339, record.actionName, "\(record.subject.kind) \(record.subject.id)",
      details.joined(separator: "; "),
      "\(record.actor) (\(record.role.rawValue))", record.stripeEvent ?? "", place,
    ]
    return "<tr>" + cells.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
  }

  /// As text in an element: no markup, and nothing that could move or turn other text.
  private static func escaped(_ text: String) -> String {
    Sanitizer.clean(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }
}

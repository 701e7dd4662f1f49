import Market
import Store

/// The body of a call to a vendor's endpoint: small, without keys, and without anything of the customer.
///
///     {"id":"evt_…","type":"order.new","version":"2026-11-01","created":1767225600,
///      "data":{"order":"GK-…","amount":1999,"currency":"eur","lines":[{"listing":7,"title":"…","quantity":1}]}}
enum WebhookPayload {
  /// Of its shape: raised when a member changes its meaning.
  static let version = "2026-11-01"

  /// `nil` where the notice is none that endpoints are told.
  static func bytes(_ notice: PreparedNotice, id: String) -> [UInt8]? {
    guard let event = VendorEvent(template: notice.template) else { return nil }
    var writer = JSONWriter()
    writer.object {
      $0.member("id", id)
      $0.member("type", event.rawValue)
      $0.member("version", version)
      $0.member("created", notice.createdAt.unixSeconds)
      $0.object("data") { write(event, notice, into: &$0) }
    }
    return writer.bytes
  }

  private static func write(_ event: VendorEvent, _ notice: PreparedNotice, into data: inout JSONWriter) {
    let values = notice.values
    func number(_ name: String) -> Int64? { values[name].flatMap { Int64($0) } }
    switch event {
    case .orderNew: write(notice.order, into: &data)
    case .stockLow:
      data.member("listing", number("listing"))
      data.member("title", values["title"])
      data.member("platform", values["platform"])
      data.member("available", number("available"))
      data.member("threshold", number("threshold"))
    case .disputeOpened:
      write(notice.order, into: &data)
      data.member("dispute", values["dispute"])
      data.member("reason", values["reason"])
      data.member("due_by", values["due_by"])
    case .test: data.member("endpoint", number("endpoint"))
    }
  }

  /// The vendor's own part.
  private static func write(_ order: NoticeOrder?, into data: inout JSONWriter) {
    guard let order else { return }
    data.member("order", order.number)
    data.member("amount", order.amount.amount)
    data.member("currency", order.amount.currency.code)
    data.member("paid_at", order.paidAt?.rfc3339)
    data.array("lines") { lines in
      for line in order.lines {
        lines.object {
          $0.member("listing", line.listing)
          $0.member("title", line.title)
          $0.member("quantity", Int64(line.quantity))
        }
      }
    }
  }
}

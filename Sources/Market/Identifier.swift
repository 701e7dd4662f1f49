/// A database id that knows what it names, so that an order's id can never be passed where a unit's is meant.
///
/// Ids are positive 63-bit integers given out by the database; they are internal. What people see and type is an
/// order's `number`, a Stripe id or a name.
package struct Identifier<Subject>: Hashable, Comparable, Sendable, RawRepresentable {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }
  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Identifier: CustomStringConvertible {
  package var description: String { String(rawValue) }
}

extension Identifier: Codable {
  package init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// The things that ids name. They have no values: they only tell one id from another.
package enum Subject {
  package enum Person {}
  package enum Vendor {}
  package enum Product {}
  package enum Listing {}
  package enum StockImport {}
  package enum StockUnit {}
  package enum DataKey {}
  package enum Order {}
  package enum OrderLine {}
  package enum OrderUnit {}
  package enum Delivery {}
  package enum DeliveryAttempt {}
  package enum Job {}
  package enum AuditEvent {}
  package enum Reservation {}
  package enum ReconRun {}
  package enum ReconBreak {}
  package enum RefundRequest {}
  package enum Case {}
  package enum CommissionRule {}
  package enum LedgerTx {}
  package enum Evidence {}
  package enum Notice {}
  package enum WebhookEndpoint {}
  package enum Ask {}
  package enum KeyRequest {}
}

package typealias PersonID = Identifier<Subject.Person>
package typealias VendorID = Identifier<Subject.Vendor>
package typealias ProductID = Identifier<Subject.Product>
package typealias ListingID = Identifier<Subject.Listing>
package typealias StockImportID = Identifier<Subject.StockImport>
package typealias StockUnitID = Identifier<Subject.StockUnit>
package typealias DataKeyID = Identifier<Subject.DataKey>
package typealias OrderID = Identifier<Subject.Order>
package typealias OrderLineID = Identifier<Subject.OrderLine>
package typealias OrderUnitID = Identifier<Subject.OrderUnit>
package typealias DeliveryID = Identifier<Subject.Delivery>
package typealias DeliveryAttemptID = Identifier<Subject.DeliveryAttempt>
package typealias JobID = Identifier<Subject.Job>
package typealias AuditEventID = Identifier<Subject.AuditEvent>
package typealias ReservationID = Identifier<Subject.Reservation>
package typealias KeyRequestID = Identifier<Subject.KeyRequest>
package typealias ReconRunID = Identifier<Subject.ReconRun>
package typealias ReconBreakID = Identifier<Subject.ReconBreak>
package typealias RefundRequestID = Identifier<Subject.RefundRequest>
package typealias CaseID = Identifier<Subject.Case>
package typealias CommissionRuleID = Identifier<Subject.CommissionRule>
package typealias LedgerTxID = Identifier<Subject.LedgerTx>
package typealias EvidenceID = Identifier<Subject.Evidence>
package typealias NoticeID = Identifier<Subject.Notice>
package typealias WebhookEndpointID = Identifier<Subject.WebhookEndpoint>
package typealias AskID = Identifier<Subject.Ask>

package import Market

/// What of an order is to be given back.
package enum RefundScope: Sendable, Equatable {
  /// All that is left.
  case whole
  /// By their places in the order, from 1.
  case units([Int])
  /// In minor units; the keys stay.
  case amount(Int64)

  /// The database's word.
  package var word: String {
    switch self {
    case .whole: "whole"
    case .units: "units"
    case .amount: "amount"
    }
  }
}

/// What a refund is, or would be: as `api.request_refund` answers.
package struct RefundPlan: Sendable, Equatable, Decodable {
  /// A unit whose money goes back; its key is revoked.
  package struct Unit: Sendable, Equatable, Decodable {
    package let id: OrderUnitID
    /// Its place in the order, from 1.
    package let position: Int
    package let title: String
    package let vendor: String
    package let amount: Int64
    /// The key it holds; `nil` where it has none.
    package let key: StockUnitID?
    package let delivery: DeliveryState?
  }

  package struct Line: Sendable, Equatable, Decodable {
    package let title: String
    package let vendor: String
    package let amount: Int64
  }

  /// `pi_…`: the payment that it comes out of.
  package let payment: String
  /// `whole`, `units` or `amount`. What gives back all that is left is whole, however it was asked for.
  package let scope: String
  package let amount: Int64
  package let currency: Currency
  /// What could still be given back after it.
  package let left: Int64
  /// How many people who may refund have to agree, beside whoever asks.
  package let approvalsNeeded: Int
  package let units: [Unit]
  /// The amount by order line.
  package let lines: [Line]
  /// The request that was made; `nil` of a dry run.
  package let request: RefundRequestID?
  package let state: RefundRequestState?
  package let version: Int64?

  enum CodingKeys: String, CodingKey {
    case payment, scope, amount, currency, left, units, lines, request, state, version
    case approvalsNeeded = "approvals_needed"
  }

  package var money: Money { Money(amount, currency) }
}

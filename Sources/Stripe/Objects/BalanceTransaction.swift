/// A movement on our Stripe balance (https://docs.stripe.com/api/balance_transactions/object): what we read of it.
package struct BalanceTransaction: Sendable, Equatable, Decodable {
  package let id: String
  /// `charge`, `payment`, `refund`, `adjustment`, `payout`, …
  package let type: String
  package let reportingCategory: String?
  /// Gross, in minor units of `currency`; negative where money left.
  package let amount: Int64
  package let fee: Int64
  /// `amount` less `fee`.
  package let net: Int64
  /// Lower case; the balance's currency, which need not be the charge's.
  package let currency: String
  /// What it came from: a `ch_`, `re_`, `dp_`, …
  package let sourceID: String?
  /// `available` or `pending`.
  package let status: String?
  /// Unix seconds.
  package let created: Int64
  /// Unix seconds.
  package let availableOn: Int64?

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    type = try object.required("type")
    reportingCategory = try object.optional("reporting_category")
    amount = try object.required("amount")
    fee = try object.optional("fee") ?? 0
    net = try object.required("net")
    currency = try object.required("currency")
    sourceID = try object.reference("source")
    status = try object.optional("status")
    created = try object.required("created")
    availableOn = try object.optional("available_on")
  }
}

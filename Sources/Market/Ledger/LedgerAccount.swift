/// One account of the double-entry ledger. Debits are positive, credits negative.
package struct LedgerAccount: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    /// What Stripe holds for the market: a debit balance.
    case clearing
    /// Received, but not as the order wants it: what nobody has earned yet. A credit balance.
    case suspense
    /// What the market owes a vendor: a credit balance.
    case vendorPayable = "vendor_payable"
    /// What the market earned: a credit balance.
    case commission
    /// What Stripe charges.
    case fees
    /// Refunded beyond what the order's lines were sold for.
    case refundLoss = "refund_loss"
    /// Taken by a bank beyond what was left of the order's lines.
    case disputeLoss = "dispute_loss"

    /// In words, for people.
    package var title: String {
      switch self {
      case .clearing: "Stripe clearing"
      case .suspense: "suspense"
      case .vendorPayable: "vendor payable"
      case .commission: "commission"
      case .fees: "Stripe fees"
      case .refundLoss: "refund losses"
      case .disputeLoss: "dispute losses"
      }
    }
  }

  package let kind: Kind
  /// Whose; only a vendor's payable has one.
  package let vendor: VendorID?
  package let currency: Currency

  package init(_ kind: Kind, vendor: VendorID? = nil, _ currency: Currency) {
    self.kind = kind
    self.vendor = vendor
    self.currency = currency
  }

  /// `vendor_payable 5 eur`: as the table spells it, unique.
  package var key: String {
    ([kind.rawValue] + (vendor.map { [$0.description] } ?? []) + [currency.code]).joined(separator: " ")
  }
}

import Market

@testable import Console
@testable import Store

extension Sample {
  static let vendors: [VendorRow] = ["active", "suspended", "closed"].enumerated().map { index, state in
    VendorRow(
      id: Int64(9 - index), handle: ["keyhaus", "pixelport", "evil"][index],
      name: ["Keyhaus GmbH", "ピクセル港", "evil\u{1B}[2J"][index], state: state, listings: Int64(12 - index * 6),
      available: Int64(4_711 * index), low: Int64(index), rule: index == 2 ? nil : rule(index),
      ruleVersion: 2, changesAt: index == 1 ? now + .seconds(86_400) : nil,
      balances: index == 0 ? [Money(123_456, .eur), Money(-980, .jpy)] : index == 1 ? [Money(1_999, .eur)] : [],
      email: "hallo@vendor\(index).example", locale: "en", createdAt: now - .seconds(864_000))
  }

  private static func rule(_ index: Int) -> CommissionRule {
    CommissionRule(
      id: CommissionRuleID(Int64(40 + index)), scope: index == 0 ? .everything : CommissionScope(vendor: VendorID(8)),
      basisPoints: 1_250, amounts: index == 0 ? [:] : [.eur: CommissionAmounts(fixed: 30)])
  }

  static let reveals: [RevealRow] = RevealState.allCases.enumerated().map { index, state in
    RevealRow(
      id: Int64(60 - index), unit: Int64(900 + index), order: index == 2 ? nil : "GK-7Q2M-4XK\(index)-9R",
      vendor: "keyhaus", state: state, reason: "the customer sees an empty page", askedBy: "ops_bo",
      decidedBy: index == 1 ? "ops_anna" : nil, problem: nil, askedAt: now - .seconds(60 * index), decidedAt: nil,
      version: 1)
  }
}

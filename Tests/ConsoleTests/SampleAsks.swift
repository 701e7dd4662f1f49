import Market

@testable import Console
@testable import Store

extension Sample {
  static let asks: [AskRow] = AskState.allCases.enumerated().map { ask($0, $1) }

  private static func ask(_ index: Int, _ state: AskState) -> AskRow {
    let isWaiting = state == .waiting
    return AskRow(
      id: Int64(40 - index), kind: index == 1 ? .replaceKey : .resendElsewhere, order: "GK-7Q2M-4XK\(index)-9R",
      unit: index == 1 ? 2 : nil, state: state, address: isWaiting ? "anna@example.org" : nil,
      reason: "the customer typed it wrong", askedBy: "support_anna", decidedBy: isWaiting ? nil : "ops_bo",
      decision: isWaiting ? nil : "looked into it", askedAt: now - .seconds(600 * index),
      decidedAt: isWaiting ? nil : now, version: 1)
  }
}

import Market

@testable import Console
@testable import Store

extension Sample {
  static let disputes: [DisputeRow] = DisputeStatus.allCases.enumerated().map { dispute($0, $1) }

  private static func dispute(_ index: Int, _ status: DisputeStatus) -> DisputeRow {
    DisputeRow(
      id: Int64(70 - index), dispute: "dp_1PZ\(index)Qexample", order: "GK-7Q2M-4XK\(index % 10)-9R",
      orderID: OrderID(1_000), charge: "ch_3PZ\(index)Qexample", status: status.rawValue, standing: status.standing,
      reason: index % 2 == 0 ? "fraudulent" : "product_not_received", amount: Money(1_999, .eur),
      fundsWithdrawn: !status.isInquiry, fundsReinstated: status == .won,
      dueBy: now + .seconds(86_400 * (index + 1)),
      evidence: index == 0 ? .draft : status == .underReview ? .submitted : nil,
      createdAt: now - .seconds(3_600 * index), updatedAt: now)
  }

  static let events: [EventRow] = [
    event(0, .quarantined, "no JSON: a string without end at byte 103"),
    event(1, .parked, "no order is known yet for pi_3PZ1Qexample"),
    event(2, .pending, "a live event in a test market"), event(3, .done, nil), event(4, .ignored, nil),
  ]

  private static func event(_ index: Int, _ state: StripeEventState, _ problem: String?) -> EventRow {
    EventRow(
      id: Int64(20 - index), event: "evt_1PZ\(index)Qexample", type: "charge.refunded", state: state, problem: problem,
      livemode: false, order: state == .done ? "GK-7Q2M-4XK1-9R" : nil,
      waitsFor: state == .parked ? ["pi_3PZ1Qexample"] : [], createdAt: now - .seconds(61),
      receivedAt: now - .seconds(60))
  }
}

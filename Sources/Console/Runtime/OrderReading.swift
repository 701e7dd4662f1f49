import Market
import Postgres
import Store

/// An order's story as its viewer may see it.
enum OrderReading {
  /// `nil` where there is no such order, or none of the viewer's.
  static func read(_ session: borrowing Session, _ viewer: Viewer, _ number: String, clock: ClockFormat) throws
    -> StoryReading?
  {
    guard viewer.role != .vendor else { return try vendor(session, viewer, number, clock: clock) }
    guard let story = try OrderStory.read(session, order: number) else { return nil }
    return StoryReading(
      header: OrderTimeline.header(story, clock: clock), lines: OrderTimeline.lines(story, clock: clock),
      row: row(story.order, viewer, clock))
  }

  private static func vendor(
    _ session: borrowing Session, _ viewer: Viewer, _ number: String, clock: ClockFormat
  ) throws -> StoryReading? {
    let rows = try VendorList.timeline(session, viewer: viewer, order: number)
    let orders = try VendorList.orders(session, viewer: viewer, .init(text: number), after: nil, limit: 1)
    guard let order = orders.first else { return nil }
    let state = StateStyle.cell(order.state)
    return StoryReading(
      header: [
        StoryFact("State", state.text, state.style), StoryFact("Customer", order.customer),
        StoryFact("Total", order.total.description), StoryFact("Items", order.title),
        StoryFact("Created", clock.precise(order.createdAt)),
      ], lines: OrderTimeline.vendorLines(rows, currency: order.total.currency, clock: clock),
      row: row(order, viewer, clock))
  }

  private static func row(_ order: OrderRow, _ viewer: Viewer, _ clock: ClockFormat) -> DisplayRow? {
    OrdersScreen.display(ListPage(.orders, [order]), role: viewer.role, clock: clock).first
  }
}

import Market
import Postgres
import Store

/// An import's story as its viewer may see it.
enum ImportReading {
  /// How it stands; `nil` where there is no such import, or none of the viewer's.
  static func row(_ session: borrowing Session, _ viewer: Viewer, _ id: StockImportID) throws -> ImportRow? {
    let rows =
      viewer.role == .vendor
      ? try VendorList.imports(session, viewer: viewer, .init(text: id.description), after: nil, limit: 10)
      : try ImportList.page(session, where: ["i.id = \(id)"], after: nil, limit: 1)
    return rows.first { $0.id == id.rawValue }
  }

  /// `nil` where there is no such import, or none of the viewer's.
  static func read(_ session: borrowing Session, _ viewer: Viewer, _ id: StockImportID, clock: ClockFormat) throws
    -> StoryReading?
  {
    guard let row = try row(session, viewer, id) else { return nil }
    var shown: [VerdictRange] = []
    var after = 0
    while shown.count < ImportTimeline.limit {
      let ranges = try StockActions.verdicts(session, id, after: after)
      guard let last = ranges.last else { break }
      shown += ranges.filter { !$0.verdict.isTaken }
      after = last.first
    }
    return ImportTimeline.reading(
      row, Array(shown.prefix(ImportTimeline.limit)), role: viewer.role, clock: clock)
  }
}

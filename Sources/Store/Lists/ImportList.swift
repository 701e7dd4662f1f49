package import Market
package import Postgres

/// One import of keys.
package struct ImportRow: ListRow {
  package var id: Int64
  package var vendor: String
  package var listing: Int64
  package var title: String
  /// What the file was called.
  package var source: String
  package var state: ImportState
  package var isDryRun: Bool
  package var rows: Int64
  /// Rows that the daemon has worked through, or received.
  package var done: Int64
  package var accepted: Int64
  package var repeated: Int64
  package var yours: Int64
  package var review: Int64
  package var malformed: Int64
  package var tooLong: Int64
  package var problem: String?
  /// A login; vendors are not told who of the staff.
  package var importedBy: String?
  package var createdAt: Instant
  package var finishedAt: Instant?
  package var version: Int64

  package var rowID: Int64 { id }
  package var refused: Int64 { repeated + yours + review + malformed + tooLong }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("vendor", .text(vendor)), ListField("listing", .integer(listing)),
      ListField("title", .text(title)), ListField("source", .text(source)), ListField("state", .text(state.rawValue)),
      ListField("dry_run", .flag(isDryRun)), ListField("rows", .integer(rows)), ListField("done", .integer(done)),
      ListField("accepted", .integer(accepted)), ListField("refused", .integer(refused)),
      ListField("repeated", .integer(repeated)), ListField("yours", .integer(yours)),
      ListField("review", .integer(review)), ListField("malformed", .integer(malformed)),
      ListField("too_long", .integer(tooLong)), ListField("problem", .optional(problem)),
      ListField("imported_by", .optional(importedBy)), ListField("created_at", .time(createdAt)),
      ListField("finished_at", .optional(finishedAt)), ListField("version", .integer(version)),
    ]
  }
}

package enum ImportList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [ImportRow]
  {
    var all = conditions
    if let after { all.append("i.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT i.id, v.handle, i.listing_id, p.title::text, i.source::text, i.state, i.is_dry_run,
        greatest(i.rows_total, coalesce(g.rows_staged, 0)), coalesce(g.rows_done, i.rows_total), i.rows_accepted,
        i.rows_repeated, i.rows_yours, i.rows_review, i.rows_malformed, i.rows_too_long, i.problem::text,
        i.imported_by, i.created_at, i.finished_at, i.version
      FROM gkm.stock_import i
      JOIN gkm.vendor v ON v.id = i.vendor_id
      JOIN gkm.listing l ON l.id = i.listing_id
      JOIN gkm.product p ON p.id = l.product_id
      LEFT JOIN gkm.stock_import_progress g ON g.import_id = i.id
      WHERE \(sql: filter)
      ORDER BY i.id DESC LIMIT \(limit)
      """
    ) { row in
      ImportRow(
        id: try row.int64(0), vendor: try row.string(1), listing: try row.int64(2), title: try row.string(3),
        source: try row.string(4), state: try row.word(5), isDryRun: try row.bool(6), rows: Int64(try row.int(7)),
        done: Int64(try row.int(8)), accepted: Int64(try row.int(9)), repeated: Int64(try row.int(10)),
        yours: Int64(try row.int(11)), review: Int64(try row.int(12)), malformed: Int64(try row.int(13)),
        tooLong: Int64(try row.int(14)), problem: try row.stringOrNil(15), importedBy: try row.string(16),
        createdAt: try row.instant(17), finishedAt: try row.instantOrNil(18), version: try row.int64(19))
    }
  }
}

extension ImportList: ListDefinition {
  package static let capability = Capability.manageStock
  package static let memberNames = [
    "id", "vendor", "listing", "title", "source", "state", "dry_run", "rows", "done", "accepted", "refused", "repeated",
    "yours", "review", "malformed", "too_long", "problem", "imported_by", "created_at", "finished_at", "version",
  ]

  private static let states = ImportState.allCases.map(\.rawValue)

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(states + ["open"]), "where it stands"),
        FilterField("vendor", .id, "a vendor's handle"), FilterField("title", .text, "the product"),
        FilterField("by", .id, "who began it: a login"), FilterField("rows", .integer, "lines of the file"),
        FilterField("accepted", .integer, "keys that were taken"),
        FilterField("review", .integer, "keys that another vendor has"),
        FilterField("created", .time, "when it was begun"),
      ], timeField: "created", mainField: "state")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema(
      [FilterField("state", .enumeration(states)), FilterField("created", .time)], timeField: "created",
      mainField: "state")
  }

  package static let moneyAlias = "l"

  package static func column(_ field: String) -> String {
    switch field {
    case "vendor": "v.handle"
    case "title": "p.title"
    case "by": "i.imported_by"
    case "rows": "i.rows_total"
    case "accepted": "i.rows_accepted"
    case "review": "i.rows_review"
    default: "i.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state" else { return nil }
    return "i.state = ANY (\(values.flatMap { $0 == "open" ? ["uploading", "queued"] : [$0] }))"
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(lower(p.title), \(lower)) > 0 OR v.handle = \(lower) OR strpos(lower(i.source), \(lower)) > 0
      OR i.id::text = \(text)
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [ImportRow] {
    try VendorList.imports(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}

extension VendorList {
  package static func imports(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [ImportRow] {
    try page(session, "imports", conditions, after: after, limit: limit) { (id, raw: RawImport) in
      ImportRow(
        id: id, vendor: viewer.vendorHandle ?? "", listing: raw.listing, title: raw.title, source: raw.source,
        state: try word(raw.state, "state"), isDryRun: raw.dryRun, rows: raw.rows, done: raw.done,
        accepted: raw.accepted, repeated: raw.repeated, yours: raw.yours, review: raw.review,
        malformed: raw.malformed, tooLong: raw.tooLong, problem: raw.problem, importedBy: nil,
        createdAt: try time(raw.createdAt), finishedAt: try raw.finishedAt.map(time), version: raw.version)
    }
  }

  private struct RawImport: Decodable {
    var listing: Int64
    var title: String
    var source: String
    var state: String
    var dryRun: Bool
    var rows: Int64
    var done: Int64
    var accepted: Int64
    var repeated: Int64
    var yours: Int64
    var review: Int64
    var malformed: Int64
    var tooLong: Int64
    var problem: String?
    var createdAt: String
    var finishedAt: String?
    var version: Int64
  }
}

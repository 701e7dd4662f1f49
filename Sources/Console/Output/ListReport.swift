package import Market
package import Postgres
package import Store

/// `gkm list`: a list's rows, newest first, page by page.
package struct ListReport: Sendable {
  package var kind: ListKind
  package var filter: String
  /// Rows at most; 0 for all.
  package var limit: Int
  /// Only rows behind this one: an id, or an order's number in the list of orders.
  package var after: String?
  package var format: OutputFormat
  private var sort: FilterSort?

  /// What one query reads at most.
  private static let pageSize = 500

  package init(
    kind: ListKind, filter: String = "", limit: Int = 50, after: String? = nil, format: OutputFormat = .text
  ) {
    self.kind = kind
    self.filter = filter
    self.limit = limit
    self.after = after
    self.format = format
  }

  /// Sorts by a column, the largest or latest first; one that begins with `-`, the other way round. Refuses one that no
  /// keyset index gives.
  package mutating func sort(by column: String) throws {
    let isAscending = column.hasPrefix("-")
    let name = isAscending ? String(column.dropFirst()) : column
    guard kind.sortColumns.contains(name) else {
      throw ConsoleFailure(
        "the list of \(kind.rawValue) cannot be sorted by \(name), only by what has a keyset index: "
          + kind.sortColumns.joined(separator: ", "), status: .usage)
    }
    guard !isAscending || kind.sortColumns.count > 1 else {
      throw ConsoleFailure("the list of \(kind.rawValue) has one order: the latest first", status: .usage)
    }
    sort = FilterSort(name: name, isAscending: isAscending)
  }

  /// Reads and prints; returns where an interrupted list goes on, for `--after`, if there may be more.
  @discardableResult
  package func run(
    on connection: PostgresConnection, terminal: OutputTerminal = .standardOutput(), now: Instant = SystemClock.now,
    output: OutputWriter = OutputWriter()
  ) async throws -> String? {
    let viewer = try await connection.read { try Viewer.current($0) }
    var expression: FilterExpression
    do {
      expression = try kind.schema(for: viewer.role).parse(filter, now: now)
    } catch {
      throw ConsoleFailure(error, in: filter)
    }
    if let sort {
      guard viewer.role.isStaff || sort.name == "id" && !sort.isAscending else {
        throw ConsoleFailure(
          "the list of \(kind.rawValue) has one order for \(viewer.role.plural): the latest first", status: .usage)
      }
      guard expression.sort == nil else {
        throw ConsoleFailure(
          "a list is sorted by one thing: --sort and `sort:` in the filter exclude each other", status: .usage)
      }
      expression.sort = sort
    }
    var position = try await start(on: connection, viewer)
    var printer = RowPrinter(kind, format: format, terminal: terminal, output: output)
    var left = limit == 0 ? Int.max : limit
    while true {
      let page = try await read(connection, viewer, expression, after: position, min(left, Self.pageSize))
      try printer.print(page.rows.map(\.fields))
      left -= page.rows.count
      guard let next = page.next else { return nil }
      position = next
      if left == 0 { return (page.rows.last as? OrderRow)?.number ?? String(next) }
    }
  }

  private func read(
    _ connection: PostgresConnection, _ viewer: Viewer, _ expression: FilterExpression, after: Int64?, _ limit: Int
  ) async throws -> ListPage {
    let kind = kind
    do {
      return try await connection.read { session in
        try ListPage.readPart(session, viewer: viewer, kind: kind, filter: expression, after: after, limit: limit)
      }
    } catch let error as FilterError {
      throw ConsoleFailure(error, in: filter)
    }
  }

  /// The row's id that `after` means.
  private func start(on connection: PostgresConnection, _ viewer: Viewer) async throws -> Int64? {
    guard let after else { return nil }
    if let id = Int64(after), viewer.role.isStaff || kind != .orders { return id }
    guard kind == .orders else {
      throw ConsoleFailure("--after takes the id of a row of the list, and “\(after)” is none", status: .usage)
    }
    let row = try await connection.read { try OrderLookup.row($0, viewer: viewer, number: after) }
    guard let row else { throw ConsoleFailure("there is no order \(after) to go on behind", status: .noInput) }
    return row.id
  }
}

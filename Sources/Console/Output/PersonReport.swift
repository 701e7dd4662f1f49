package import Market
package import Postgres
package import Store
package import Terminal

/// `gkm whoami`, `gkm retry` and `gkm themes`: answers of one line or a few.
package enum PersonReport {
  /// Who is signed in.
  package static func whoami(_ viewer: Viewer, json: Bool) -> String {
    guard json else {
      let vendor = viewer.vendorName.map { " of \($0)" } ?? ""
      return Sanitizer.clean("\(viewer.login): \(viewer.displayName), \(viewer.role.rawValue)\(vendor)")
    }
    return JSONText.object([
      ListField("login", .text(viewer.login)), ListField("name", .text(viewer.displayName)),
      ListField("role", .text(viewer.role.rawValue)), ListField("vendor", .optional(viewer.vendorName)),
    ])
  }

  /// Asks for another try of a delivery, as it stands now; returns what to say.
  package static func retry(
    _ delivery: DeliveryID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let row = try await connection.write { session in
      let row = try RetryDelivery.current(session, delivery: delivery)
      _ = try RetryDelivery.retry(session, delivery: delivery, version: row.version, reason: reason)
      return row
    }
    return Sanitizer.clean("Delivery \(row.id) of order \(row.order) was \(row.state.rawValue) and is tried again now.")
  }

  /// Names and summaries of the themes; one that is broken says so and is no reason to hide the others.
  package static func themes(_ library: ThemeLibrary) -> [String] {
    let names = library.names
    let width = names.reduce(0) { max($0, TextWidth.of($1)) }
    return names.map { name in
      let summary: String
      do throws(ThemeError) { summary = try library.theme(named: name).summary } catch { summary = "broken: \(error)" }
      return "\(TextWidth.pad(name, to: width))  \(Sanitizer.clean(summary))"
    }
  }

  /// One theme, each role in its look as far as the output takes it.
  package static func theme(
    _ name: String, _ library: ThemeLibrary, terminal: OutputTerminal = .standardOutput()
  ) throws -> [String] {
    let names = library.names
    guard names.contains(name) else {
      throw ConsoleFailure("there is no theme \(name); there are \(names.joined(separator: ", "))", status: .noInput)
    }
    do throws(ThemeError) {
      let isRich = ConsoleFolders.environment("TERM")?.contains("256") ?? false
      return ThemePreview.lines(
        try library.theme(named: name), at: terminal.allowsStyle ? (isRich ? .full : .sixteen) : nil)
    } catch {
      throw ConsoleFailure("\(error)", status: .configuration)
    }
  }
}

import ArgumentParser
import Postgres
import Store

/// `gkmd migrate`
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database to this program's schema, as gkm_migrator.",
    discussion: """
      Safe to run twice and by two processes at once. Refuses when an applied migration was edited since, or when \
      somebody changed the schema by hand.
      """)

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Take the schema as it is now for right, although somebody changed it by hand.")
  var acceptDrift = false

  func run() async throws {
    let acceptDrift = acceptDrift
    let report = try await database.connected(statementTimeout: .seconds(3600)) { connection in
      try await Migrator.migrate(connection, acceptDrift: acceptDrift)
    }
    for migration in report.applied { print("Applied migration \(migration).") }
    if report.applied.isEmpty { print("The schema is up to date.") }
    if report.rewrotePolicy { print("Wrote functions, grants and policies anew.") }
  }
}

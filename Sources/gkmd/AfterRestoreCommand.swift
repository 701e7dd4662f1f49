import ArgumentParser
import Postgres
import Store

/// `gkmd after-restore`
struct AfterRestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "after-restore",
    abstract: "Tell a restored database that it was restored, as gkm_migrator, before gkmd serves it.",
    discussion: "Begins a new epoch: what Redis still remembers of events seen later than the backup counts no more.")

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let epoch = try await database.connected { connection in
      try await connection.write { try AfterRestore.beginEpoch($0) }
    }
    print("The database is in epoch \(epoch) now.")
  }
}

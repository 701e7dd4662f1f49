import ArgumentParser
import Postgres
import Store

/// `gkmd bootstrap`
struct BootstrapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bootstrap",
    abstract: "Make the roles and the database: once per cluster, as a superuser.",
    discussion: "Safe to run again. The next step is 'gkmd migrate', which needs no superuser.")

  @OptionGroup var database: DatabaseOptions

  @Option(help: "The name of the database to make.")
  var name = "gkm"

  @Option(help: ArgumentHelp("A file with the password that gkm_daemon gets.", valueName: "file"))
  var daemonPasswordFile: String?

  @Option(help: ArgumentHelp("A file with the password that gkm_migrator gets.", valueName: "file"))
  var migratorPasswordFile: String?

  @Option(help: ArgumentHelp("A file with the password that gkm_sealer gets.", valueName: "file"))
  var sealerPasswordFile: String?

  func run() async throws {
    let verifiers = Bootstrap.Verifiers(
      daemon: try verifier(daemonPasswordFile), migrator: try verifier(migratorPasswordFile),
      sealer: try verifier(sealerPasswordFile))
    let name = name
    let made = try await database.connected { connection in
      try await connection.run { session in
        try Bootstrap.cluster(session, verifiers: verifiers)
        let made = try Bootstrap.createDatabase(session, named: name)
        try Bootstrap.databaseAccess(session, named: name)
        return made
      }
    }
    try await database.connected(name: name) { connection in
      try await connection.write { try Bootstrap.database($0) }
    }
    print(
      made ? "Made the roles and the database \(name)." : "The roles and the database \(name) are as they should be.")
  }

  private func verifier(_ file: String?) throws -> String? {
    try file.map { try SCRAMVerifier(password: InputFile.password($0)).text }
  }
}

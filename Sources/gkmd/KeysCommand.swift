import ArgumentParser
import Market
import Postgres
import Store

/// `gkmd keys show|rotate|verify`
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "The keys that seal the stock.", subcommands: [Show.self, Rotate.self, Verify.self])

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the fingerprint of the key that people seal to, for them to compare.",
      discussion: "It follows from the master key. 'gkm stock key' prints what the database says it is.")

    @OptionGroup var keys: VaultOptions

    func run() throws { print(try keys.vault().exchangeKey().fingerprint) }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate",
      abstract: "Wrap every data key under a new generation of the master key's, as gkm_migrator.",
      discussion: "A daemon at work goes on. The master key stays the same; sealed keys are not touched.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var keys: VaultOptions

    func run() async throws {
      let vault = try keys.vault()
      let report = try await database.connected { connection in
        try await connection.write { try KeyRotation.rotate($0, vault) }
      }
      print("Wrapped \(report.rewrapped) data keys anew, under generation \(report.generation).")
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Check that a master key, or its copy in escrow, opens what is sealed, as gkm_daemon or the superuser.",
      discussion:
        "Opens every data key, and a sample of the stock's keys. What does not open is named; then it exits with 65.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var keys: VaultOptions

    @Flag(help: "Open every key of the stock, not only a sample.")
    var all = false

    func run() async throws {
      let vault = try keys.vault()
      var verification = Verification()
      verification.vault = vault
      verification.opensAllKeys = all
      let made = verification
      let (found, stock) = try await database.connected(statementTimeout: .seconds(3_600)) { connection in
        try await connection.read(isolation: .repeatableRead) { session in
          (try KeyRotation.look(session, vault), try made.look(session, only: ["secrets.keys"]))
        }
      }
      let total = found.generations.values.reduce(0, +)
      let parts = found.generations.sorted { $0.key < $1.key }.map { "\($0.value) under generation \($0.key)" }
      print("Data keys: \(total)\(parts.isEmpty ? "" : ", " + parts.joined(separator: ", ")).")
      print("Keys of the stock opened: \(stock.map(\.checked).reduce(0, +)).")
      for id in found.closed.prefix(20) { Failure.say("data key \(id) does not open with this master key") }
      let offenders = stock.flatMap(\.offenders)
      for offender in offenders.prefix(20) { Failure.say("\(offender.name) \(offender.problem)") }
      if !found.closed.isEmpty || !offenders.isEmpty { throw ExitCode(65) }
      print("Everything that was tried opens.")
    }
  }
}

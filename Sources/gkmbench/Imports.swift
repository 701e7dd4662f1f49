import ArgumentParser
import Bench
import Glibc
import Market
import Postgres

/// `gkmbench imports`
struct Imports: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Import keys one by one, each under a data key of its own.",
    discussion: "The database is found as libpq finds it; the master key stands in the file $GKM_MASTER_KEY_FILE.")

  @Option(help: "The listing's number.") var listing: Int64
  @Option(help: "Imports.") var count = 1_000

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is more than 0 and not too many.") }
  }

  func run() async throws {
    guard let path = getenv("GKM_MASTER_KEY_FILE").map({ String(cString: $0) }), let file = fopen(path, "r") else {
      throw ValidationError("$GKM_MASTER_KEY_FILE names no file.")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let length = fread(&bytes, 1, bytes.count, file)
    let vault = KeyVault(master: try MasterKey(file: Array(bytes[..<length])))
    try await ImportSeries.run(PostgresConfiguration(), count: count, into: ListingID(listing), vault: vault)
  }
}

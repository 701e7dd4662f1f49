import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

/// The master key as a service manager hands it over, and the copy in escrow.
@Suite("gkmd keys") struct KeysCommandTests {
  @Test("A credential opens everything, a wrong copy in escrow is named, and a rotation changes neither")
  func commands() async throws {
    try await Workbench.with(keys: 5) { bench in
      let folder = try TestRun.shared.get().path("credentials")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // The bench's own master key, and one that differs in its last digit.
      let digits = String(repeating: "07", count: 32)
      try TextFile.write(digits, to: "\(folder)/master_key")
      try TextFile.write("\(digits.dropLast())8\n", to: "\(folder)/escrow")
      let superuser = ["-d", bench.market.superuser.conninfo]
      func gkmd(_ arguments: [String], credentials: String? = nil) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
          try TestRun.program("gkmd"), ["keys"] + arguments,
          environment: ["CREDENTIALS_DIRECTORY": credentials, "GKM_MASTER_KEY": nil])
      }
      let good = try await gkmd(["verify", "--all"] + superuser, credentials: folder)
      #expect(good.succeeded && good.output.contains("Keys of the stock opened: 5."), "\(good.errors)")
      let escrow = try await gkmd(["verify", "--master-key-file", "\(folder)/escrow"] + superuser)
      #expect(escrow.ending == .exited(65) && escrow.errors.contains("does not open with this master key"))
      #expect(try await gkmd(["verify"] + superuser).ending == .exited(78))
      let migrator = [
        "-d",
        bench.market.database.conninfo(user: "gkm_migrator", password: MarketDatabase.programPassword),
      ]
      let refused = try await gkmd(["rotate", "--master-key-file", "\(folder)/escrow"] + migrator)
      #expect(!refused.succeeded)
      let rotated = try await gkmd(["rotate"] + migrator, credentials: folder)
      #expect(rotated.succeeded && rotated.output.contains("under generation 2"), "\(rotated.errors)")
      let after = try await gkmd(["verify", "--all"] + superuser, credentials: folder)
      #expect(after.succeeded && after.output.contains("under generation 2"), "\(after.errors)")
      for said in [good, escrow, rotated, after] { #expect(!(said.output + said.errors).contains("0707")) }
    }
  }
}

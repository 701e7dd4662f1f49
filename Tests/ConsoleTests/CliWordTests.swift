import Market
import TestSupport
import Testing

@Suite("What gkm says of words that it does not know") struct CliWordTests {
  @Test(
    "A wrong command is named, with the nearest one",
    arguments: [
      (["frobnicate"], "gkm: gkm has no command “frobnicate”; `gkm --help` lists them\n"),
      (["lst", "orders"], "gkm: gkm has no command “lst”; did you mean `list`?\n"),
      (["-d", "dbname=nowhere", "explian", "GK-1"], "gkm: gkm has no command “explian”; did you mean `explain`?\n"),
      (["order", "hodl", "GK-1"], "gkm: gkm order has no command “hodl”; did you mean `hold`?\n"),
      (["order", "frobnicate"], "gkm: gkm order has no command “frobnicate”; `gkm order --help` lists them\n"),
    ])
  func commands(words: [String], sentence: String) async throws {
    let result = try await Cli.run(words)
    #expect(result.ending == .exited(64))
    #expect(result.errors == sentence)
  }

  @Test("Help, versions and the commands that take any word are not taken for wrong ones")
  func anyWord() async throws {
    for words in [["help"], ["help", "list"], ["order", "--help"], ["--version"], ["keys"], ["themes"]] {
      #expect(try await Cli.run(words).ending == .exited(0), "\(words)")
    }
    for words in [["refund", "GK-1"], ["explain", "GK-1"]] {
      let result = try await Cli.run(words + ["-d", "host=/nonexistent"])
      #expect(!result.errors.contains("has no command"), "\(result.errors)")
    }
  }

  @Test("What is asked for by name and is not there: 66, and what there is")
  func names() async throws {
    let theme = try await Cli.run(["themes", "drak"])
    #expect(theme.ending == .exited(66))
    #expect(theme.errors.hasPrefix("gkm: there is no theme drak; there are colour-blind, dark, "), "\(theme.errors)")
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let template = try await Cli.run(["template", "show", "nope"], as: ops)
      #expect(template.ending == .exited(66))
      #expect(template.errors.hasPrefix("gkm: there is no template nope; there are "), "\(template.errors)")
    }
  }

  @Test("A list that a role does not have is refused to that role by its name")
  func roles() async throws {
    try await SeededMarket.with { seeded in
      for (role, list, sentence) in [
        (Role.support, "ledger", "gkm: the list of ledger is not shown to support\n"),
        (.ops, "people", "gkm: the list of people is not shown to operations\n"),
        (.vendor, "payments", "gkm: the list of payments is not shown to vendors\n"),
      ] {
        let person = try await seeded.person(role, vendor: role == .vendor ? SeededMarket.nordlicht : nil)
        let result = try await Cli.run(["list", list], as: person)
        #expect(result.ending == .exited(77))
        #expect(result.errors == sentence)
      }
    }
  }

  @Test("How a list is sorted is said once, and a limit is no negative number")
  func options() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let sorted = try await Cli.run(["list", "orders", "--sort", "amount", "--filter", "sort:created"], as: ops)
      #expect(sorted.ending == .exited(64))
      #expect(sorted.errors.contains("sorted by one thing"), "\(sorted.errors)")
      // What a vendor's list cannot do is not passed over.
      let own = try await seeded.person(.vendor, vendor: SeededMarket.nordlicht)
      let refused = try await Cli.run(["list", "orders", "--sort", "amount"], as: own)
      #expect(refused.ending == .exited(64))
      #expect(refused.errors == "gkm: the list of orders has one order for vendors: the latest first\n")
      #expect(try await Cli.run(["list", "orders", "--sort", "id"], as: own).ending == .exited(0))
      let nothing = try await Cli.run(["show", ""], as: own)
      #expect(nothing.ending == .exited(66) && nothing.errors == "gkm: nothing is known of “”\n")
    }
    let limit = try await Cli.run(["list", "orders", "--limit", "-1"])
    #expect(limit.ending == .exited(64))
    #expect(limit.errors.hasPrefix("Error: --limit is 0 for all, or a number of rows.\n"), "\(limit.errors)")
  }

  @Test("A server that is not there is told on one line, without libpq's tabs")
  func unreachable() async throws {
    let result = try await Cli.run(["-h", "/nonexistent", "-p", "5432", "-w", "list", "orders"])
    #expect(result.ending == .exited(69))
    #expect(result.errors.contains("No such file or directory; Is the server running locally"), "\(result.errors)")
  }
}

import Foundation
import Market
import TestSupport
import Testing

/// `gkm evidence` and `gkm audit`, and what a stranger does with the bundle who has bash, OpenSSL, sha256sum and jq.
@Suite("gkm evidence and audit") struct CliEvidenceTests {
  /// A sealed market, an exported order unpacked, and the script as it was packed, apart from the bundle.
  private struct Export: Sendable {
    let sealed: SealedMarket
    let folder: String
    let script: String

    static func with(_ body: @Sendable (Export) async throws -> Void) async throws {
      try await SeededMarket.with { seeded in
        try await SealedMarket.over(seeded.market) { sealed in
          try await sealed.sealAll(limit: 40)
          let place = try TestRun.shared.get().path("evidence")
          try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
          try TextFile.write("\(sealed.signer.verifier.text)\n", to: "\(place)/seal.pub")
          let number = SeededMarket.Order.delivered.number
          let ops = try await seeded.person(.support)
          let made = try await Cli.run(
            ["evidence", number.lowercased(), "-o", "\(place)/e.tar", "--key", "\(place)/seal.pub"], as: ops)
          #expect(made.ending == .exited(0), "\(made.errors)")
          #expect(made.output.contains("events of \(number) under the head of"))
          let unpacked = try await ChildProcess.run("tar", ["-xf", "\(place)/e.tar", "-C", place])
          #expect(unpacked.succeeded, "\(unpacked.errors)")
          let folder = "\(place)/evidence-\(number)"
          try FileManager.default.copyItem(atPath: "\(folder)/verify.sh", toPath: "\(place)/verify.sh")
          try await body(Export(sealed: sealed, folder: folder, script: "\(place)/verify.sh"))
        }
      }
    }

    func verify(_ arguments: String...) async throws -> ChildProcess.Result {
      try await ChildProcess.run("bash", [script, folder] + arguments)
    }

    func files() throws -> [String] {
      try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0 != "events" }.sorted()
    }
  }

  @Test("a stranger's bash, openssl, sha256sum and jq verify the bundle, with the published key or without")
  func verified() async throws {
    try await Export.with { export in
      let result = try await export.verify()
      #expect(result.ending == .exited(0), "\(result.errors)")
      #expect(result.output.contains("events of order \(SeededMarket.Order.delivered.number) are in the log"))
      #expect(result.output.contains("signed by test.example/sealer"))
      let key = "\(export.folder)/../published.pem"
      try TextFile.write(export.sealed.signer.verifier.pem, to: key)
      #expect(try await export.verify(key).succeeded)
      let other = try #require(SealedMarket.signer(5)).verifier
      try TextFile.write(other.pem, to: key)
      let refused = try await export.verify(key)
      #expect(refused.ending == .exited(1) && refused.errors.contains("is not the key in"), "\(refused.errors)")
      let inPlace = try await ChildProcess.run("bash", ["\(export.folder)/verify.sh"])
      #expect(inPlace.succeeded)
      // The words of the README do what they say.
      let byHand = try await ChildProcess.run(
        "bash",
        [
          "-ec",
          """
          cd \(export.folder)
          sha256sum -c --quiet SHA256SUMS
          head -n 4 head.txt > text
          tail -n 1 head.txt | cut -d' ' -f3 | openssl base64 -d -A | tail -c 64 > signature
          openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature
          [ "$(sed -n 3p head.txt | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')" = "$(jq -r .root evidence.json)" ]
          [ "$({ printf '\\000'; cat events/0001.txt; } | sha256sum | cut -c1-64)" = "$(jq -r '.events[0].leaf_hash' evidence.json)" ]
          """,
        ])
      #expect(byHand.succeeded, "\(byHand.errors)")
    }
  }

  @Test("a byte changed anywhere in the bundle fails it")
  func changedBytes() async throws {
    try await Export.with { export in
      let files = try export.files()
      #expect(files.count > 8)
      var generator = SystemRandomNumberGenerator()
      for file in files {
        let path = "\(export.folder)/\(file)"
        let original = try Data(contentsOf: URL(fileURLWithPath: path))
        // The last byte, the first, and one between.
        for place in [original.count - 1, 0, Int.random(in: 0..<original.count, using: &generator)] {
          var changed = original
          changed[place] ^= 0x20
          try changed.write(to: URL(fileURLWithPath: path))
          let result = try await export.verify()
          #expect(!result.succeeded, "\(file), byte \(place)")
        }
        try original.write(to: URL(fileURLWithPath: path))
      }
      #expect(try await export.verify().succeeded)
    }
  }

  @Test("an event that is forged with its sum made to fit is still found by its path, and a foreign head by its key")
  func forged() async throws {
    try await Export.with { export in
      let event = "\(export.folder)/events/0001.txt"
      let original = try TextFile.read(event)
      try TextFile.write(original.replacing("gkm-audit v1", with: "gkm-audit v2"), to: event)
      try await Self.resum(export.folder)
      let result = try await export.verify()
      #expect(result.ending == .exited(1) && result.errors.contains("0001.txt"), "\(result.errors)")
      try TextFile.write(original, to: event)

      let head = try SignedHead(parsing: try TextFile.read("\(export.folder)/head.txt"))
      let thief = try #require(SealedMarket.signer(5))
      try TextFile.write(try SignedHead(head.checkpoint, signedBy: thief).note.spelled, to: "\(export.folder)/head.txt")
      try await Self.resum(export.folder)
      let foreign = try await export.verify()
      #expect(foreign.ending == .exited(1) && foreign.errors.contains("not signed by key.pem"), "\(foreign.errors)")
    }
  }

  @Test("evidence is for staff, of sealed events alone, and under a key that is trusted")
  func refused() async throws {
    try await SeededMarket.with { seeded in
      let number = SeededMarket.Order.delivered.number
      let ops = try await seeded.person(.ops)
      let file = try TestRun.shared.get().path("none.tar")
      let early = try await Cli.run(["evidence", number, "-o", file], as: ops)
      #expect(early.ending == .exited(65) && early.errors.contains("nothing is sealed yet"), "\(early.errors)")
      try await SealedMarket.over(seeded.market) { sealed in
        try await sealed.sealAll()
        let vendor = try await Cli.run(["evidence", number, "-o", file], as: try await seeded.person(.vendor))
        #expect(vendor.ending == .exited(77))
        let key = try TestRun.shared.get().path("other.pub")
        try TextFile.write(try #require(SealedMarket.signer(5)).verifier.text, to: key)
        let untrusted = try await Cli.run(["evidence", number, "-o", file, "--key", key], as: ops)
        #expect(untrusted.ending == .exited(65), "\(untrusted.errors)")
        #expect(!FileManager.default.fileExists(atPath: file))
      }
    }
  }

  @Test(
    "gkm audit verify: quiet where nothing was done, 65 and the place where something was, and it goes on from a file")
  func auditVerify() async throws {
    try await SeededMarket.with { seeded in
      try await SealedMarket.over(seeded.market) { sealed in
        let head = try await sealed.sealAll()
        let place = try TestRun.shared.get().path("audit")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try TextFile.write("\(sealed.signer.verifier.text)\n", to: "\(place)/seal.pub")
        try TextFile.write(head.note.spelled, to: "\(place)/heads")
        let support = try await seeded.person(.support)
        let trusted = ["audit", "verify", "--key", "\(place)/seal.pub", "--head", "\(place)/heads"]
        let whole = try await Cli.lines(trusted + ["--state", "\(place)/state"], as: support)
        #expect(whole.last == "The log is what was sealed.")
        let again = try await Cli.lines(trusted + ["--state", "\(place)/state"], as: support)
        #expect(again == ["There is nothing sealed to look at.", "The log is what was sealed."])

        try await sealed.tamper(
          "UPDATE gkm.audit_event SET actor = 'nobody' WHERE id = (SELECT min(id) FROM gkm.audit_event);")
        let found = try await Cli.run(trusted + ["--json", "--progress"], as: support)
        #expect(found.ending == .exited(65))
        let lines = found.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("{\"finding\":\"columns\",\"leaf\":") == true, "\(found.output)")
        #expect(lines.last?.hasPrefix("{\"ok\":false,") == true)
        #expect(found.errors.contains("(100 %)"))
        for (arguments, status) in [
          (["--from", "1", "--to", "0"], Int32(64)), (["--from", "100000"], 64), (["--head", "/nonexistent"], 66),
          (["--key", "\(place)/heads"], 65), (["--head", "\(place)/seal.pub"], 65),
        ] {
          let wrong = try await Cli.run(["audit", "verify"] + arguments, as: support)
          #expect(wrong.ending == .exited(status), "\(arguments): \(wrong.errors)")
        }
      }
    }
  }

  @Test("only an admin resumes, only a head that is lost, with a reason and said to be after a restore")
  func auditResume() async throws {
    try await SeededMarket.with { seeded in
      try await SealedMarket.over(seeded.market) { sealed in
        let head = try await sealed.sealAll()
        let lost = "9999:\(String(repeating: "ab", count: 32))"
        let admin = try await seeded.person(.admin)
        func resume(_ lost: String, _ more: [String], as person: Role = .admin) async throws -> ChildProcess.Ending {
          let login = person == .admin ? admin : try await seeded.person(person)
          return try await Cli.run(
            ["audit", "resume", "--lost-head", lost, "--reason", "restored the backup of Monday"] + more, as: login
          ).ending
        }
        #expect(try await resume(lost, []) == .exited(64))
        #expect(try await resume("none", ["--after-restore"]) == .exited(64))
        #expect(try await resume(lost, ["--after-restore"], as: .ops) == .exited(77))
        #expect(try await resume("\(head.size):\(head.root)", ["--after-restore"]) == .exited(65))
        #expect(try await resume(lost, ["--after-restore"]) == .exited(0))
        let event = try await sealed.sql(
          "SELECT convert_from(body, 'UTF8') FROM gkm.audit_event WHERE action = 'audit.resumed';")
        #expect(event.contains("detail.lost_size 9999\n") && event.contains("reason restored the backup of Monday\n"))
      }
    }
  }

  @Test("a sealed order's story says of each event under which head it is")
  func timeline() async throws {
    try await SeededMarket.with { seeded in
      try await SealedMarket.over(seeded.market) { sealed in
        let head = try await sealed.sealAll()
        let ops = try await seeded.person(.ops)
        let lines = try await Cli.lines(["show", SeededMarket.Order.delivered.number], as: ops)
        #expect(lines.contains { $0.contains("checkout.created") && $0.contains("under the head of \(head.size)]") })
      }
    }
  }

  /// Makes the sums fit what is in the folder.
  private static func resum(_ folder: String) async throws {
    let result = try await ChildProcess.run(
      "bash", ["-ec", "cd \(folder); sha256sum $(cut -c67- SHA256SUMS) >sums; mv sums SHA256SUMS"])
    #expect(result.succeeded, "\(result.errors)")
  }
}

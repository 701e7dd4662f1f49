import Foundation
import Market
import TestSupport
import Testing

/// Evidence on a machine that has nothing of this software: a root of its own with bash, openssl, jq, tar and the core
/// utilities that README.txt names, their libraries, and no network.
@Suite("Evidence on a foreign machine", .enabled(if: getuid() == 0, "a root of its own asks for root"))
struct ForeignMachineLongTests {
  private struct Machine: Sendable {
    let root: String

    static let tools = [
      "bash", "openssl", "jq", "tar", "sha256sum", "cat", "head", "tail", "cut", "od", "tr", "sed", "mktemp", "rm",
      "dirname", "ls",
    ]

    static func make() async throws -> Machine {
      let root = try TestRun.shared.get().path("foreign")
      let script = """
        set -euo pipefail
        root=\(root)
        mkdir -p "$root"/{tmp,proc,dev,evidence,usr/bin,bin}
        for tool in \(tools.joined(separator: " ")); do
          path=$(command -v "$tool")
          cp -L "$path" "$root/usr/bin/$tool"
          while read -r library; do cp -L --parents "$library" "$root"; done < <(ldd "$path" | grep -o '/[^ ]*')
        done
        ln -sf ../usr/bin/bash "$root/bin/bash"
        : >"$root/dev/null"
        ln -s /proc/self/fd "$root/dev/fd"
        """
      let made = try await ChildProcess.run("bash", ["-c", script])
      guard made.succeeded else { throw TestSupportError("the machine was not made: \(made.errors)") }
      return Machine(root: root)
    }

    /// Runs a command there: without this machine's network, processes and files.
    func run(_ command: String) async throws -> ChildProcess.Result {
      try await ChildProcess.run(
        "unshare",
        [
          "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "bash", "-c",
          """
          mount -t proc proc \(root)/proc &&
          exec env -i PATH=/usr/bin OPENSSL_CONF=/dev/null "$(command -v chroot)" \(root) /bin/bash -c "$0"
          """, command,
        ])
    }
  }

  @Test("The documented steps verify it there, with the published key, and any changed byte fails them")
  func verifies() async throws {
    let machine = try await Machine.make()
    #expect(
      try await machine.run("ls /usr/bin").output.split(separator: "\n").sorted().map(String.init)
        == Machine.tools.sorted())
    #expect(try await !machine.run("type gkm || type gkmd || type psql || type swift").succeeded)
    try await SeededMarket.with { seeded in
      try await SealedMarket.over(seeded.market) { sealed in
        try await sealed.sealAll(limit: 7)
        let number = SeededMarket.Order.delivered.number
        let made = try await Cli.run(
          ["evidence", number, "-o", "\(machine.root)/evidence.tar"], as: try await seeded.person(.support))
        #expect(made.ending == .exited(0), "\(made.errors)")
        try TextFile.write(sealed.signer.verifier.pem, to: "\(machine.root)/published.pem")
        let bundle = "/evidence/evidence-\(number)"
        let unpacked = try await machine.run("cd /evidence && tar xf /evidence.tar && ls \(bundle)")
        #expect(unpacked.succeeded, "\(unpacked.errors)")
        for command in ["cd \(bundle) && bash verify.sh", "bash \(bundle)/verify.sh \(bundle) /published.pem"] {
          let result = try await machine.run(command)
          #expect(result.ending == .exited(0) && result.output.hasPrefix("VERIFIED: "), "\(command): \(result.errors)")
        }
        // The steps of README.txt, as it has them, typed one after the other.
        let readme = try TextFile.read("\(machine.root)\(bundle)/README.txt")
        let steps = readme.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.drop { $0 == " " } }
          .filter { line in
            ["sha256sum ", "head ", "tail ", "openssl ", "sed ", "{ printf"].contains { line.hasPrefix($0) }
          }
        #expect(steps.count >= 4, "\(steps)")
        let typed = try await machine.run(
          "set -e; cd \(bundle)\n" + steps.filter { $0.contains("|") || $0.contains("-") }.joined(separator: "\n"))
        #expect(typed.succeeded, "\(typed.errors)")
        _ = try await machine.run("cd \(bundle) && rm text signature")

        let folder = "\(machine.root)\(bundle)"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0 != "events" }.sorted()
        try FileManager.default.copyItem(atPath: "\(folder)/verify.sh", toPath: "\(machine.root)/verify.sh")
        for file in files {
          let path = URL(fileURLWithPath: "\(folder)/\(file)")
          let original = try Data(contentsOf: path)
          var changed = original
          changed[Int.random(in: 0..<original.count)] ^= 0x01
          try changed.write(to: path)
          let result = try await machine.run("bash /verify.sh \(bundle) /published.pem")
          #expect(!result.succeeded && !result.output.contains("VERIFIED:"), "\(file)")
          try original.write(to: path)
        }
        #expect(try await machine.run("bash /verify.sh \(bundle) /published.pem").succeeded)
      }
    }
  }
}

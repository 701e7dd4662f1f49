import Foundation
import TestSupport
import Testing

@Suite("Stripe's official library")
struct OfficialLibraryTests {
  @Test("The official Python library works against the simulator, webhooks included")
  func python() async throws {
    var python = Environment.value("GKM_TEST_PYTHON") ?? ""
    if python.isEmpty {
      python = try await TestRun.script("python", []).split(separator: "\n").last.map(String.init) ?? ""
    }
    let interpreter = python
    let script = try #require(Bundle.module.path(forResource: "official_library", ofType: "py"))
    try await withLab { lab in
      let result = try await ChildProcess.run(
        interpreter, [script, lab.url, "sk_test_stripesim", "whsec_official"], within: .seconds(60))
      #expect(result.succeeded, "\(result.output)\(result.errors)")
      #expect(result.output.contains("all done"))
    }
  }
}

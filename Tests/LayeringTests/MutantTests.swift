import TestSupport
import Testing

@Suite("Protections taken away") struct MutantTests {
  @Test("Every stored mutation still applies, names a test that exists, and is named where its protection is")
  func apply() async throws {
    let result = try await ChildProcess.run(
      "/usr/bin/python3", ["\(TestRun.checkout)/.scripts/mutants", "--check"], within: .seconds(30))
    #expect(result.succeeded, "\(result.output)\(result.errors)")
  }
}

import Testing

/// The real programs, killed in the middle of a burst.
@Suite struct BurstTests {
  @Test(.timeLimit(.minutes(2)))
  func aDaemonKilledInTheMiddleOfABurstLosesNothing() async throws {
    try await Burst(orders: 60, kills: [10], limit: .seconds(40)).run()
  }
}

import Testing

/// The same at length.
@Suite struct BurstLongTests {
  @Test(.timeLimit(.minutes(10)))
  func aDaemonKilledFiveTimesInABurstOfAThousandLosesNothing() async throws {
    try await Burst(orders: 1_000, kills: [20, 150, 350, 600, 850], limit: .seconds(180)).run()
  }
}

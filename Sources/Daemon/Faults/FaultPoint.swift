/// The numbered steps from an event's arrival to the record of its mail: where a process can end, be frozen, or find that
/// its clock is wrong, and where tests make it so.
///
/// The plan stands in a debug build alone: in a release build `reached` is empty, this file reads no variable, and there
/// is nothing to switch on by accident.
enum FaultPoint: String, CaseIterable {
  /// 1. An event is rightly signed, and stored nowhere yet.
  case received
  /// 2. It is stored, and Stripe is not told so yet.
  case persisted
  /// 3. Its job is claimed, and nothing is done yet.
  case claimed
  /// 4. Keys are bound and all else is written, and nothing is committed yet.
  case bound
  /// 5. It is committed, with an attempt for each mail, and no mail is on its way.
  case prepared
  /// The same where deliveries come from the queue: claimed, and no attempt written.
  case taken
  /// 6. The mail is written, and the server knows nothing of it.
  case sending
  /// 7. The server has taken the mail, and nobody has noted it.
  case sent
  /// 8. It is noted, and whoever waits for that is not told.
  case recorded

  /// Called at the step. Costs nothing outside of debug builds, and one comparison there.
  @inline(__always)
  func reached() {
    #if DEBUG
      FaultPlan.current?.reached(self)
    #endif
  }
}

#if DEBUG
  import Glibc
  import Synchronization

  /// What tests ask of this process by GKM_FAULT: `bound:3:kill` kills it with SIGKILL when step `bound` is reached for
  /// the third time, `…:stop` freezes it there with SIGSTOP.
  final class FaultPlan: Sendable {
    static let current = FaultPlan(text("GKM_FAULT") ?? "")

    /// GKM_CLOCK_OFFSET: how many seconds this process' clock is wrong by.
    static let clockOffset = text("GKM_CLOCK_OFFSET").flatMap { Int64($0) } ?? 0

    private let point: FaultPoint
    private let signal: Int32
    private let left: Atomic<Int>

    private init?(_ plan: String) {
      let parts = plan.split(separator: ":")
      guard parts.count == 3, let point = FaultPoint(rawValue: String(parts[0])), let count = Int(parts[1]) else {
        return nil
      }
      self.point = point
      signal = parts[2] == "stop" ? SIGSTOP : SIGKILL
      left = Atomic(count)
    }

    func reached(_ point: FaultPoint) {
      guard point == self.point, left.subtract(1, ordering: .relaxed).newValue == 0 else { return }
      kill(getpid(), signal)
      // A signal to oneself comes at once to some thread: none of ours goes on before it did.
      usleep(200_000)
    }

    private static func text(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
  }
#endif

package import Redis
import Store

/// Redis' memory of events that are safely stored: a positive cache. What it does not know, or cannot say in time,
/// PostgreSQL decides.
package struct SeenEvents: Sendable {
  private let redis: RedisClient
  private let budget: Duration
  private let ttlSeconds: Int64

  package init(redis: RedisClient, budget: Duration, seenFor: Duration) {
    self.redis = redis
    self.budget = budget
    ttlSeconds = seenFor.components.seconds
  }

  /// Keys carry the database's epoch, so that a restored database is never overruled by what Redis remembers of a
  /// later past.
  private static func key(_ id: String, _ epoch: Int64) -> String { "gkm:seen:\(epoch):\(id)" }

  /// Which of `ids` are known to be stored; none where Redis fails or takes longer than its budget.
  package func known(_ ids: [String], epoch: Int64) async -> Set<String> {
    let command: [any RedisArgument] = ["MGET"] + ids.map { Self.key($0, epoch) }
    guard let answer = try? await redis.command(command, timeout: budget), let values = answer.elements,
      values.count == ids.count
    else { return [] }
    return Set(zip(ids, values).lazy.filter { !$0.1.isNull }.map(\.0))
  }

  /// Remembers that `ids` are stored, and wakes the workers of other processes if there is work for them. A failure
  /// costs nothing but a look into PostgreSQL later.
  package func remember(_ ids: [String], epoch: Int64, announce: Bool) async {
    var commands: [[any RedisArgument]] = ids.map { ["SET", Self.key($0, epoch), "1", "EX", ttlSeconds] }
    if announce { commands.append(WakeBoard.announcement(.apply)) }
    _ = try? await redis.pipeline(commands, timeout: .milliseconds(500))
  }
}

import CLibpq

extension Wire {
  /// What came of an exchange.
  struct Outcome: ~Copyable {
    /// Rows affected, by statement.
    var affected: [Int]
    /// The last statement's result.
    var result: QueryResult?
    /// The first error, and the statement that it belongs to.
    var error: PostgresError?
    var errorIndex = 0
  }

  /// Runs one statement.
  func query(_ sql: SQL, at site: CallSite) throws(PostgresError) -> QueryResult {
    var outcome = try execute([sql], at: site)
    guard let result = outcome.result.take() else {
      throw PostgresError(.usage, "the statement gave no result").at(site, sql: sql.text)
    }
    return result
  }

  /// Runs statements in one round trip: all of them or, where no transaction is open, none. `meanwhile` runs once, when
  /// they are sent.
  func execute(
    _ sqls: [SQL], at site: CallSite, meanwhile: () -> Void = {}
  ) throws(PostgresError) -> Outcome {
    for sql in sqls { do { try Self.validate(sql) } catch { throw error.at(site, sql: sql.text) } }
    do { try checkReady(at: site) } catch { throw error.at(site, sql: sqls.first?.text) }
    let begin = pendingBegin
    let isAutocommit = begin == nil && PQtransactionStatus(connection) == PQTRANS_IDLE
    var outcome = try exchange(sqls, isAutocommit: isAutocommit, at: site, meanwhile: meanwhile)
    if let error = outcome.error, error.isStalePlan {
      // The tables have changed under a prepared statement, or somebody deallocated it. If it was the first of its
      // transaction nothing is lost by running it again; otherwise the caller has to repeat the transaction.
      statements.removeAll()
      if begin != nil || isAutocommit, failure == nil {
        if begin != nil { rollback() }
        pendingBegin = begin
        outcome = try exchange(sqls, isAutocommit: isAutocommit, at: site, meanwhile: {})
      }
    }
    if let error = outcome.error { throw error.at(site, sql: sqls[outcome.errorIndex].text) }
    if isAutocommit, let doubt = takeReplicationDoubt() { throw doubt.at(site, sql: sqls.last?.text) }
    return outcome
  }

  /// Refuses to begin on a broken session, for a cancelled task, or past the deadline.
  func checkReady(at site: CallSite) throws(PostgresError) {
    if let failure { throw failure.at(site) }
    if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled").at(site) }
    if callDeadline.hasPassed { throw PostgresError(.timeout, "the deadline of the call passed").at(site) }
  }
}

extension Wire {
  /// One message of an exchange; each but `sync` is answered by results and an end mark.
  private enum Step {
    case begin(String)
    case forget(String)
    case prepare(name: String, key: StatementCache.Key, index: Int)
    case execute(name: String, index: Int)
    case sync
  }

  private func exchange(
    _ sqls: [SQL], isAutocommit: Bool, at site: CallSite, meanwhile: () -> Void
  ) throws(PostgresError) -> Outcome {
    let steps = plan(sqls)
    var outcome = Outcome(affected: Array(repeating: 0, count: sqls.count))
    var wait = statementWait()
    do throws(PostgresError) {
      if steps.count == 2, case .execute(let name, _) = steps[0] {
        if !sendPrepared(name, sqls[0].binds) { throw lose() }
        try sendWhole(&wait)
        meanwhile()
        _ = try readResults(of: 0, into: &outcome, &wait)
      } else {
        try converse(steps, sqls, into: &outcome, &wait, meanwhile: meanwhile)
      }
    } catch {
      var error = error
      error.isCommitUnknown = isAutocommit
      throw error.at(site, sql: sqls.first?.text)
    }
    settle(&wait)
    if let kind = wait.interruption, outcome.error?.isState(.queryCanceled) == true { outcome.error?.kind = kind }
    return outcome
  }

  /// What has to be said for the statements to run: of a prepared one alone, no more than to execute it.
  private func plan(_ sqls: [SQL]) -> [Step] {
    var steps: [Step] = []
    if PQtransactionStatus(connection) == PQTRANS_IDLE {
      // Each with its own sync: should it fail, nothing else does.
      for name in statements.takeForgotten() { steps += [.forget(name), .sync] }
    }
    if let begin = pendingBegin { steps.append(.begin(begin)) }
    pendingBegin = nil
    for (index, sql) in sqls.enumerated() {
      let key = StatementCache.Key(sql)
      if let name = statements.name(of: key) {
        steps.append(.execute(name: name, index: index))
      } else {
        let name = statements.insert(key)
        steps += [.prepare(name: name, key: key, index: index), .execute(name: name, index: index)]
      }
    }
    steps.append(.sync)
    return steps
  }

  /// Sends all the steps in pipeline mode, then reads all the answers.
  private func converse(
    _ steps: [Step], _ sqls: [SQL], into outcome: inout Outcome, _ wait: inout Wait, meanwhile: () -> Void
  ) throws(PostgresError) {
    if PQenterPipelineMode(connection) != 1 { throw lose() }
    for step in steps where !send(step, sqls) { throw lose() }
    try sendWhole(&wait)
    meanwhile()
    for step in steps {
      switch step {
      case .begin, .execute:
        let index = if case .execute(_, let index) = step { index } else { 0 }
        _ = try readResults(of: index, into: &outcome, &wait)
      case .forget:
        var ignored = Outcome(affected: [0])
        _ = try readResults(of: 0, into: &ignored, &wait)
      case .prepare(_, let key, let index):
        if try !readResults(of: index, into: &outcome, &wait) { statements.remove(key) }
      case .sync:
        guard let result = try nextResult(&wait), result.status == PGRES_PIPELINE_SYNC else {
          throw fail(PostgresError(.connectionLost, "the answers came out of step"))
        }
      }
    }
    if PQexitPipelineMode(connection) != 1 { throw lose() }
  }

  /// Waits until the server has all that was sent.
  private func sendWhole(_ wait: inout Wait) throws(PostgresError) {
    while PQflush(connection) == 1 { try pump(&wait, onlyUntilSent: true) }
  }

  private func send(_ step: Step, _ sqls: [SQL]) -> Bool {
    switch step {
    case .begin(let text):
      return PQsendQueryParams(connection, text, 0, nil, nil, nil, nil, 1) == 1
    case .forget(let name):
      return PQsendQueryParams(connection, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1) == 1
    case .prepare(let name, let key, _):
      return PQsendPrepare(connection, name, key.text, Int32(key.types.count), key.types) == 1
    case .execute(let name, let index):
      return sendPrepared(name, sqls[index].binds)
    case .sync:
      return PQpipelineSync(connection) == 1
    }
  }

  /// Reads the results of one message up to its end mark; returns whether it succeeded.
  private func readResults(
    of index: Int, into outcome: inout Outcome, _ wait: inout Wait
  ) throws(PostgresError) -> Bool {
    var succeeded = true
    while let result = try nextResult(&wait) {
      switch result.status {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
        outcome.affected[index] = result.affected
        outcome.result = consume result
      case PGRES_PIPELINE_ABORTED:
        succeeded = false
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        throw fail(PostgresError(.usage, "COPY FROM STDIN goes through copyIn; COPY TO STDOUT is not supported"))
      default:
        succeeded = false
        if outcome.error == nil {
          outcome.error = result.error
          outcome.errorIndex = index
        }
      }
    }
    return succeeded
  }
}

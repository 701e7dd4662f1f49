import CLibpq

extension Wire {
  /// Runs `body` in a transaction: commits if it returns, rolls back if it throws. Its BEGIN goes out with the first
  /// statement; a body without statements sends nothing.
  func transaction<T>(
    _ begin: String, isReadOnly: Bool, at site: CallSite, _ body: (borrowing Session) throws -> T
  ) throws -> T {
    try checkReady(at: site)
    pendingBegin = begin
    defer { pendingBegin = nil }
    let value: T
    do {
      value = try lend(body)
    } catch {
      if pendingBegin == nil { rollback() }
      if !isReadOnly, let error = error as? PostgresError, error.isReadOnly {
        // Not the primary any more: a new connection will look for it.
        fail(error)
      }
      throw error
    }
    if pendingBegin != nil { return value }
    do throws(PostgresError) {
      try commit()
    } catch {
      var error = error
      if isReadOnly { error.isCommitUnknown = false }
      throw error.at(site)
    }
    return value
  }

  /// Lends the session to a body. Never inlined: the optimiser of Swift 6.3.1 aborts ("Cannot initialize a nonCopyable
  /// type with a guaranteed value") where it inlines a closure that borrows such a value.
  @inline(never)
  func lend<T>(_ body: (borrowing Session) throws -> T) rethrows -> T {
    let session = Session(self)
    return try body(session)
  }

  private func commit() throws(PostgresError) {
    if let failure { throw failure }
    switch PQtransactionStatus(connection) {
    case PQTRANS_INTRANS: break
    case PQTRANS_INERROR:
      rollback()
      throw PostgresError(.transactionAborted, "a statement had failed, so the transaction was rolled back")
    default:
      throw PostgresError(.usage, "the transaction was ended inside its body")
    }
    replicationDoubt = nil
    // Never cancelled: an answer, even a late one, is better than not to know.
    var wait = Wait(limit: limitFromNow.later(by: Self.grace), isCancellable: false)
    let answer: Answer
    do throws(PostgresError) {
      answer = try simple("COMMIT", &wait)
    } catch {
      var error = error
      error.isCommitUnknown = true
      throw error
    }
    if var error = answer.error {
      error.isCommitUnknown = error.isConnectionLost
      throw error
    }
    if answer.tag != "COMMIT" {
      throw PostgresError(.transactionAborted, "a statement had failed, so the transaction was rolled back")
    }
    if let doubt = takeReplicationDoubt() { throw doubt }
  }

  /// Rolls back what is open. A session that cannot is broken afterwards.
  func rollback() {
    if failure != nil || PQtransactionStatus(connection) == PQTRANS_IDLE { return }
    let isLate = Task.isCancelled || callDeadline.hasPassed
    var wait = Wait(limit: .after(isLate ? Self.grace : .seconds(5)), isCancellable: false)
    do throws(PostgresError) {
      if let error = try simple("ROLLBACK", &wait).error { fail(error) }
    } catch {
      // The session is marked as broken already.
    }
  }

  /// Breaks the session if a transaction is open: it may be in any state.
  func endIfInTransaction() {
    if failure == nil, PQtransactionStatus(connection) != PQTRANS_IDLE {
      fail(PostgresError(.usage, "a transaction was left open; the connection was dropped"))
    }
  }

  /// What a string of statements in the simple protocol came to.
  struct Answer {
    /// The last command's tag.
    var tag = ""
    /// The first error.
    var error: PostgresError?
  }

  /// Sends text in the simple protocol and reads everything that comes back. An answer that was complete but for the
  /// end of the session counts.
  func simple(_ text: String, _ wait: inout Wait) throws(PostgresError) -> Answer {
    if PQsendQuery(connection, text) != 1 { throw lose() }
    return try readAnswer(&wait)
  }

  /// Reads the results of what was sent in the simple protocol.
  func readAnswer(_ wait: inout Wait) throws(PostgresError) -> Answer {
    var answer = Answer()
    do throws(PostgresError) {
      while let result = try nextResult(&wait) {
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: answer.tag = result.tag
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
          throw fail(PostgresError(.usage, "COPY FROM STDIN goes through copyIn; COPY TO STDOUT is not supported"))
        default: if answer.error == nil { answer.error = result.error }
        }
      }
    } catch {
      if answer.tag != "COMMIT" || answer.error != nil { throw error }
    }
    settle(&wait)
    if let kind = wait.interruption, answer.error?.isState(.queryCanceled) == true { answer.error?.kind = kind }
    return answer
  }

  /// Sends the BEGIN that has been put off, if there is one.
  func sendPendingBegin() throws(PostgresError) {
    guard let begin = pendingBegin else { return }
    pendingBegin = nil
    var wait = statementWait()
    if let error = try simple(begin, &wait).error { throw error }
  }

  /// Runs many statements as text, for migrations.
  func script(_ text: String, at site: CallSite) throws(PostgresError) {
    if text.utf8.contains(0) { throw PostgresError(.usage, "the script holds a NUL").at(site) }
    try checkReady(at: site)
    do throws(PostgresError) {
      try sendPendingBegin()
      let isAutocommit = PQtransactionStatus(connection) == PQTRANS_IDLE
      var wait = statementWait()
      let answer: Answer
      do throws(PostgresError) {
        answer = try simple(text, &wait)
      } catch {
        var error = error
        error.isCommitUnknown = isAutocommit
        throw error
      }
      if let error = answer.error { throw error }
      if isAutocommit, let doubt = takeReplicationDoubt() { throw doubt }
    } catch {
      throw error.at(site, sql: text)
    }
  }
}

import CLibpq

extension Wire {
  /// Has libpq give notices to this object instead of printing them.
  func receiveNotices() {
    PQsetNoticeReceiver(
      connection,
      { context, result in
        guard let context, let result else { return }
        Unmanaged<Wire>.fromOpaque(context).takeUnretainedValue().receive(notice: result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func receive(notice result: OpaquePointer) {
    let notice = PostgresNotice(
      severity: QueryResult.field(result, GKM_DIAG_SEVERITY) ?? "NOTICE",
      sqlState: QueryResult.field(result, GKM_DIAG_SQLSTATE) ?? "",
      message: QueryResult.field(result, GKM_DIAG_MESSAGE) ?? "",
      detail: QueryResult.field(result, GKM_DIAG_DETAIL),
      hint: QueryResult.field(result, GKM_DIAG_HINT))
    if notice.severity == "FATAL" || notice.severity == "PANIC" {
      var error = PostgresError(.connectionLost, notice.message)
      error.sqlState = notice.sqlState
      lastWords = error
    }
    // The wait for a synchronous standby was broken off: the commit is on this server's disk only.
    if QueryResult.field(result, GKM_DIAG_FUNCTION) == "SyncRepWaitForLSN" { replicationDoubt = notice }
    onNotice?(notice)
  }

  /// Has libpq look through what it has read for notices while no statement is under way.
  func takeNotices() {
    _ = PQisBusy(connection)
  }

  /// Passes on the notifications that have come.
  func takeNotifications() {
    while let pointer = PQnotifies(connection) {
      notifications.yield(
        PostgresNotification(
          channel: String(cString: pointer.pointee.relname), payload: String(cString: pointer.pointee.extra),
          processID: pointer.pointee.be_pid))
      PQfreemem(pointer)
    }
  }

  /// Called when something comes between calls: a notification, a notice, the end of the session.
  /// Returns whether there is anything left to watch.
  func readBetweenCalls() -> Bool {
    if failure != nil { return false }
    if PQconsumeInput(connection) == 0 {
      _ = lose()
      return false
    }
    takeNotifications()
    return true
  }

  /// The error for a commit that no synchronous standby confirmed, if the last statement brought such a notice.
  func takeReplicationDoubt() -> PostgresError? {
    guard let notice = replicationDoubt else { return nil }
    replicationDoubt = nil
    var error = PostgresError(.server, notice.message)
    error.sqlState = notice.sqlState
    error.detail = notice.detail
    error.isCommitUnknown = true
    return error
  }
}

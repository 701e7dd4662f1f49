import CLibpq

extension Wire {
  /// Runs a `COPY … FROM STDIN`, sending the pieces as they are; returns the number of rows that the server counted.
  func copyIn(_ text: String, _ pieces: some Sequence<[UInt8]>, at site: CallSite) throws(PostgresError) -> Int {
    if text.utf8.contains(0) { throw PostgresError(.usage, "the statement holds a NUL").at(site) }
    try checkReady(at: site)
    var isAutocommit = false
    do throws(PostgresError) {
      try sendPendingBegin()
      isAutocommit = PQtransactionStatus(connection) == PQTRANS_IDLE
      var wait = statementWait()
      if PQsendQuery(connection, text) != 1 { throw lose() }
      try startCopy(&wait)
      try sendCopy(pieces, &wait)
      let answer = try readAnswer(&wait)
      if let error = answer.error { throw error }
      if isAutocommit, let doubt = takeReplicationDoubt() { throw doubt }
      return answer.tag.split(separator: " ").last.flatMap { Int($0) } ?? 0
    } catch {
      var error = error
      if isAutocommit, failure != nil { error.isCommitUnknown = true }
      throw error.at(site, sql: text)
    }
  }

  private func startCopy(_ wait: inout Wait) throws(PostgresError) {
    guard let result = try nextResult(&wait) else { throw lose() }
    if result.status == PGRES_COPY_IN { return }
    if result.status == PGRES_COPY_OUT || result.status == PGRES_COPY_BOTH {
      throw fail(PostgresError(.usage, "copyIn takes COPY FROM STDIN only"))
    }
    let isError = result.status == PGRES_FATAL_ERROR
    let error = isError ? result.error : PostgresError(.usage, "copyIn takes COPY FROM STDIN only")
    if let later = try readAnswer(&wait).error, !isError { throw later }
    throw error
  }

  /// How much is gathered before it goes to libpq, bytes.
  private static let chunk = 1 << 16

  private func sendCopy(_ pieces: some Sequence<[UInt8]>, _ wait: inout Wait) throws(PostgresError) {
    var buffer: [UInt8] = []
    buffer.reserveCapacity(Self.chunk * 2)
    var accepts = true
    for piece in pieces {
      buffer += piece
      if buffer.count < Self.chunk { continue }
      accepts = try put(buffer, &wait)
      buffer.removeAll(keepingCapacity: true)
      if !accepts { break }
    }
    if accepts, !buffer.isEmpty { _ = try put(buffer, &wait) }
    let complaint: String? = wait.interruption == nil ? nil : "interrupted by the client"
    while true {
      let status = complaint.map { PQputCopyEnd(connection, $0) } ?? PQputCopyEnd(connection, nil)
      if status != 0 { break }
      try pump(&wait, onlyUntilSent: true)
    }
  }

  /// Gives a chunk to libpq and waits until it is sent, so that no more than a chunk is kept in memory.
  /// False if the server takes no more: it has failed, or it was asked to stop.
  private func put(_ bytes: [UInt8], _ wait: inout Wait) throws(PostgresError) -> Bool {
    while true {
      let status = bytes.withUnsafeBytes { bytes in
        PQputCopyData(
          connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(truncatingIfNeeded: bytes.count))
      }
      if status < 0 { return false }
      try pump(&wait, onlyUntilSent: true)
      if wait.interruption != nil { return false }
      if status == 1 { break }
    }
    while PQflush(connection) == 1 {
      try pump(&wait, onlyUntilSent: true)
      if wait.interruption != nil { return false }
    }
    return true
  }
}

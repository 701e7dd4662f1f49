package import Market
package import Postgres

/// A person has a job done again that the workers gave up.
package enum RedriveJob {
  /// Puts it back into the queue with its tries counted anew, and an audit event that gives the reason.
  ///
  /// - Throws: `ActionRefused`, also where somebody else was first, and `PostgresError` for what the database could not
  ///   do.
  package static func redrive(_ session: borrowing Session, _ job: JobID, reason: String) throws {
    do {
      _ = try session.rows("SELECT api.redrive_job(\(job), \(reason))") { _ in }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}

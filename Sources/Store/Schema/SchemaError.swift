/// Why the schema could not be made or brought up to date.
package enum SchemaError: Error, CustomStringConvertible, Equatable {
  /// The migration's recorded hash is not the one this program carries.
  case edited(version: Int, name: String)
  /// The database knows a migration that this program does not.
  case newer(version: Int)
  /// Somebody changed the schema by hand since the last migration.
  case drifted
  case notSuperuser(String)
  case badName(String)
  case notBootstrapped(String)

  package var description: String {
    switch self {
    case .edited(let version, let name):
      "migration \(version) (\(name)) is not the one that was applied here: a migration is never edited after landing"
    case .newer(let version):
      "the database is at migration \(version), which this program does not know: use the newer program"
    case .drifted:
      "the schema was changed by hand since the last migration; put it back, or run again with --accept-drift"
    case .notSuperuser(let name): "bootstrap needs a superuser; \(name) is none"
    case .badName(let name): "\(name) is not a name for a database: lower-case letters, digits and _ up to 63"
    case .notBootstrapped(let what): "\(what) is missing: run gkmd bootstrap once as a superuser of the cluster"
    }
  }
}

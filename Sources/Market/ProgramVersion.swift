/// What `--version` says, and what a daemon says of itself.
package enum ProgramVersion {
  package static let text = "0.1.0"
}

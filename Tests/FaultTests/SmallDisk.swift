import Glibc
import TestSupport

/// A disk of a few megabytes for PostgreSQL to fill: a file system in memory, mounted for the time of a test. Only the
/// superuser can do that, and not in every container.
struct SmallDisk: Sendable {
  private let folder: String
  private var ballast: String { "\(folder)/ballast" }

  /// Whether one can be mounted here.
  static let isPossible: Bool = {
    guard geteuid() == 0, getpwnam("postgres") != nil, case .success(let run) = TestRun.shared else { return false }
    let probe = run.path("mount")
    mkdir(probe, 0o755)
    defer { rmdir(probe) }
    guard system("mount -t tmpfs -o size=1m tmpfs \(probe) 2>/dev/null") == 0 else { return false }
    return system("umount \(probe)") == 0
  }()

  static func with(megabytes: Int, _ body: (SmallDisk) async throws -> Void) async throws {
    let run = try TestRun.shared.get()
    let folder = run.path("disk")
    mkdir(folder, 0o755)
    run.atEnd("unmount \(folder)")
    let mounted = try await ChildProcess.run(
      "mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=0755", "tmpfs", folder])
    guard mounted.succeeded else { throw TestSupportError("mount: \(mounted.errors)") }
    let result: Result<Void, any Error>
    do { result = .success(try await body(SmallDisk(folder: folder))) } catch { result = .failure(error) }
    _ = try await ChildProcess.run("umount", ["-l", folder])
    try result.get()
  }

  /// Moves what intake writes to onto this disk, and fills it: from the next page on, nothing can be stored.
  func take(_ rig: Rig) async throws {
    mkdir("\(folder)/space", 0o700)
    guard let owner = getpwnam("postgres") else { throw TestSupportError("there is no user postgres") }
    chown("\(folder)/space", owner.pointee.pw_uid, owner.pointee.pw_gid)
    try await rig.sql("CREATE TABLESPACE small LOCATION '\(folder)/space'")
    try await rig.sql(
      """
      SELECT format('ALTER TABLE %s SET TABLESPACE small', c.oid::regclass) FROM pg_class c
      WHERE c.relkind = 'r' AND c.oid::regclass::text ~ '^gkm\\.stripe_event(_body_[0-9]+)?$'
      \\gexec
      """)
    fill()
  }

  /// Makes room again.
  func free() { unlink(ballast) }

  private func fill() {
    let file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    for size in [1 << 20, 1 << 12] {
      let bytes = [UInt8](repeating: 0x55, count: size)
      while write(file, bytes, bytes.count) == bytes.count {}
    }
  }
}

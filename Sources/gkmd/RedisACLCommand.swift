import ArgumentParser
import Daemon
import Market
import Postgres
import Redis
import Store

/// `gkmd redis-acl file|sync`
struct RedisACLCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "redis-acl", abstract: "The users of Redis, made from the policy.",
    subcommands: [File.self, Sync.self])

  struct File: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the aclfile of a new Redis: the administrator, the daemon, and whoever keeps people in step.",
      discussion: "Passwords are read from files and stand in it as digests. People's users come and go by themselves.")

    @Option(help: ArgumentHelp("A file with the administrator's password.", valueName: "file"))
    var adminPasswordFile: String

    @Option(help: ArgumentHelp("A file with the daemon's password.", valueName: "file"))
    var daemonPasswordFile: String

    @Option(help: ArgumentHelp("A file with the keeper's password.", valueName: "file"))
    var keeperPasswordFile: String

    func run() throws {
      let lines = RedisPolicy.file(
        admin: try Self.digest(adminPasswordFile), daemon: try Self.digest(daemonPasswordFile),
        keeper: try Self.digest(keeperPasswordFile))
      for line in lines { print(line) }
    }

    private static func digest(_ file: String) throws -> String {
      LivePass.digest(of: try InputFile.password(file))
    }
  }

  struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put people's users right once, as gkm_daemon; 'gkmd serve' does it every two seconds.",
      discussion: "Redis is reached as redis.access_url says. With --check nothing is changed; it exits with 65 then.")

    @Flag(help: "Only tell what is not as it should be.")
    var check = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
      guard let url = try options.load().configuration.redis.accessURL?.text else {
        throw Failure(
          "redis.access_url is not set: REDIS_ACCESS_URL, redis.access_url_file or the credential redis_access_url",
          status: 78)
      }
      let redis = try RedisClient(try RedisConfiguration(url: url))
      defer { redis.close() }
      let wanted = try await database.connected { try await $0.read { try LivePass.all($0) } }
      let difference = try await RedisAccess(redis).keep(wanted, onlyLooks: check)
      for user in difference.wrong { print("\(user): \(check ? "is not as it should be" : "was put right")") }
      for user in difference.surplus { print("\(user): \(check ? "is nobody's" : "was taken away")") }
      if difference.isEmpty { print("All users are as they should be.") }
      if check, !difference.isEmpty { throw ExitCode(65) }
    }
  }
}

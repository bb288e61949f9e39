import ArgumentParser

struct CA: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ca", abstract: "Create, import, show and back up the authority.",
    subcommands: [
      CACreate.self, CAImport.self, CAIntermediate.self, CAShow.self, CABundle.self, CABackup.self, CARestore.self,
    ])
}

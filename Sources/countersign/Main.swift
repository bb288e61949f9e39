import Commands
import Foundation

@main struct Main {
  static func main() async {
    // A reader that goes away (`countersign events | head`) is no failure of ours.
    signal(SIGPIPE, SIG_DFL)
    exit(await Countersign.execute(Array(CommandLine.arguments.dropFirst())))
  }
}

import Foundation
import Glibc

/// The controlling terminal, for secrets that are typed.
enum Terminal {
  /// Reads a line without echo; nil where there is no terminal.
  static func readSecret(_ prompt: String) throws -> String? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    var saved = termios()
    guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return nil }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
      FileHandle.standardError.write(Data("\n".utf8))
    }
    FileHandle.standardError.write(Data(prompt.utf8))
    return readLine(strippingNewline: true)
  }
}

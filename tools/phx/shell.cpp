// phx shell URL: several topics on one connection, by lines typed or read from a script.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "command.hpp"
#include "line_editor.hpp"
#include "session.hpp"
#include "shell_conversation.hpp"
#include "shell_history.hpp"

namespace phx::cli {
namespace {

using namespace shell;

/// Lines of a pipe or file, read when they are there so that messages are printed meanwhile.
class ScriptLines {
 public:
  explicit ScriptLines(MainLoop& loop) : loop_(loop) {}

  /// nullopt: no more, or interrupted.
  std::optional<std::string> next() {
    while (text_.find('\n') == text_.npos && !at_end_ && !interrupted_) read_more();
    if (text_.empty() || interrupted_) return std::nullopt;
    const auto end = std::min(text_.find('\n'), text_.size());
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    ++number_;
    return line;
  }
  std::size_t number() const noexcept { return number_; }
  bool interrupted() const noexcept { return interrupted_; }

 private:
  void read_more() {
    constexpr std::size_t max_line = 64u << 20;
    if (text_.size() > max_line) throw Failure(ExitCode::usage, "line " + std::to_string(number_ + 1) + " is longer than 64 MiB");
    if (loop_.run_until_readable(STDIN_FILENO)) {
      interrupted_ = true;
      return;
    }
    char bytes[16384];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
      throw Failure(ExitCode::error, std::string("cannot read commands from stdin: ") + std::strerror(errno));
    if (count > 0) text_.append(bytes, static_cast<std::size_t>(count));
    at_end_ = count == 0;
  }

  MainLoop& loop_;
  std::string text_;
  bool at_end_ = false, interrupted_ = false;
  std::size_t number_ = 0;
};

class ShellCommand {
 public:
  explicit ShellCommand(const ConnectOptions& options)
      : options_(options),
        interactive_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
        session_(options, false),
        conversation_(options, session_, View(session_.out(), interactive_ && !options.output.json && !options.output.pretty)),
        opened_(session_.socket().on_open([this] {
          if (!std::exchange(open_, true)) session_.finish(ExitCode::pass);
        })) {}

  ExitCode run() {
    const ExitCode end = session_.run(options_.timeout_or(default_timeout));
    if (end == ExitCode::timed_out) throw Failure(end, "not connected within " + options_.timeout_text(default_timeout));
    if (end != ExitCode::pass) return end;
    const ExitCode result = interactive_ ? talk() : play();
    if (result == ExitCode::pass) session_.loop().run(std::chrono::steady_clock::now());  // what has come is shown
    session_.disconnect();
    return result;
  }

 private:
  // ---- a script: one command after the other, the first that fails ends it ----

  ExitCode play() {
    ScriptLines lines(session_.loop());
    while (const auto line = lines.next()) {
      const auto place = [&lines] { return "line " + std::to_string(lines.number()) + ": "; };
      const auto command = parse(*line);
      if (!command) throw Failure(ExitCode::usage, place() + command.error());
      if (!*command) continue;
      if (std::holds_alternative<Quit>(**command)) break;
      const End end = finish(**command);
      if (end.code == ExitCode::interrupted) return ExitCode::interrupted;
      if (end.code != ExitCode::pass) throw Failure(*end.code, place() + end.why);
    }
    return lines.interrupted() ? ExitCode::interrupted : ExitCode::pass;
  }

  struct End {
    std::optional<ExitCode> code;
    std::string why;
  };
  End finish(const Instruction& command) {
    const auto end = std::make_shared<End>();
    conversation_.execute(command, [this, end](ExitCode code, const std::string& why) {
      *end = {code, why};
      session_.finish(ExitCode::pass);
    });
    while (!end->code)
      if (session_.loop().run() == ExitCode::interrupted) end->code = ExitCode::interrupted;
    return *end;
  }

  // ---- people ----

  ExitCode talk() {
    History history;
    LineEditor editor({.wait = [this] { return wait(); },
                       .complete = [this](std::string_view before) { return complete(before, conversation_.vocabulary()); },
                       .prompt = [this] { return prompt(); }});
    for (const std::string& line : history.lines()) editor.remember(line);
    session_.out().before_each([this, &editor] {
      editor.hide();
      if (!std::exchange(showing_, true)) session_.loop().post([this] { show(); });  // behind what else is to be printed
    });
    editor_ = &editor;
    session_.loop().on_signal(SIGWINCH, [&editor] { editor.resized(); });
    session_.loop().on_signal(SIGTSTP, [&editor] { editor.suspended(); });
    session_.loop().on_signal(SIGCONT, [&editor] { editor.resumed(); });
    session_.out().talk("connected; help tells the commands, Ctrl-D ends");
    const ExitCode end = converse(editor, history);
    editor_ = nullptr;
    session_.out().before_each({});
    for (const int signal : {SIGWINCH, SIGTSTP, SIGCONT}) session_.loop().on_signal(signal, [] {});
    return end;
  }

  std::string prompt() const {
    const std::string& topic = conversation_.last_topic();
    return topic.empty() ? "phx> " : "phx " + spelled(topic) + "> ";
  }

  void show() {
    showing_ = false;
    if (editor_ != nullptr) editor_->show();
  }

  LineEditor::Woken wait() {
    const auto end = session_.loop().run_until_readable(STDIN_FILENO);
    if (!end) return LineEditor::Woken::input;
    return session_.loop().interrupted_by() == SIGTERM ? LineEditor::Woken::end : LineEditor::Woken::interrupt;
  }

  ExitCode converse(LineEditor& editor, History& history) {
    while (true) {
      const auto line = editor.read_line();
      if (!line && session_.loop().interrupted_by() == SIGTERM) return ExitCode::interrupted;
      if (!line) {
        session_.out().talk("");
        return ExitCode::pass;
      }
      const auto command = parse(*line);
      if (!command || *command) remember(*line, editor, history);
      if (!command) {
        session_.out().complain(command.error());
      } else if (*command && std::holds_alternative<Quit>(**command)) {
        return ExitCode::pass;
      } else if (*command) {
        conversation_.execute(**command, [this](ExitCode code, const std::string& why) {
          if (code != ExitCode::pass) session_.out().complain(why);  // of Ctrl-C: an end of the line with ^C
        });
        if (session_.loop().interrupted_by() == SIGTERM) return ExitCode::interrupted;
      }
    }
  }

  void remember(const std::string& line, LineEditor& editor, History& history) {
    editor.remember(line);
    try {
      history.add(line);
    } catch (const Failure& e) {
      if (!std::exchange(history_failed_, true)) session_.out().talk(std::string("the history is not kept: ") + e.what());
    }
  }

  const ConnectOptions& options_;
  bool interactive_, open_ = false, history_failed_ = false;
  Session session_;
  Conversation conversation_;
  client::Subscription opened_;
  LineEditor* editor_ = nullptr;  ///< while lines are typed
  bool showing_ = false;          ///< show() is posted
};

}  // namespace

void add_shell(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConnectOptions>();
  CLI::App* command = app.add_subcommand("shell", "several topics on one connection: lines typed, or a script on stdin");
  add_connect_options(*command, *options, false);
  command->add_option("--join-payload", options->join_payload, "payload of joins that name none, JSON");
  command->callback([options, &chosen] { chosen = [options] { return ShellCommand(*options).run(); }; });
}

}  // namespace phx::cli

#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shell_language.hpp"

struct editline;
struct history;

namespace phx::cli::shell {

/// Reads lines from the terminal with libedit, while others print. One thread; one object at a time.
class LineEditor {
 public:
  enum class Woken { input, interrupt, end };
  struct Host {
    std::function<Woken()> wait;                           ///< until stdin can be read; may print (hide(), show()), may throw
    std::function<Completion(std::string_view)> complete;  ///< the line up to the cursor
    std::function<std::string()> prompt;                   ///< asked whenever the line is drawn
  };

  explicit LineEditor(Host host);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// nullopt: Ctrl-D on an empty line, or the end of stdin. Throws what Host::wait throws.
  std::optional<std::string> read_line();
  /// For the arrow keys.
  void remember(const std::string& line);

  /// Takes the line being edited off the screen, so that something else can be printed.
  void hide();
  /// Brings it back, if it was hidden.
  void show();
  /// The terminal has another size.
  void resized();
  /// The program will stop (Ctrl-Z): the terminal becomes as it was found.
  void suspended();
  /// The program goes on: the terminal was somebody else's.
  void resumed();

 private:
  static LineEditor& of(editline* editor);
  char* prompt();
  int read_character(wchar_t* out);
  bool wait_for_input(wchar_t* out);
  unsigned char on_tab();

  Host host_;
  std::unique_ptr<editline, void (*)(editline*)> editor_;
  std::unique_ptr<struct history, void (*)(struct history*)> history_;
  std::string prompt_;  ///< as drawn last
  bool editing_ = false, hidden_ = false;
  std::exception_ptr thrown_;  ///< by Host::wait, carried over libedit's C frames
};

/// How many rows of the screen lie above the one with the end of `text`, which begins at the left edge.
std::size_t rows_above(std::string_view text, std::size_t columns);

}  // namespace phx::cli::shell

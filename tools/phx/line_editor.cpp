#include "line_editor.hpp"

#include <histedit.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <system_error>

namespace phx::cli::shell {
namespace {

constexpr wchar_t control_c = 3;

/// Names may be in any script; a C locale would know ASCII only.
void use_locale() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int characters(std::string_view utf8) {
  return static_cast<int>(std::ranges::count_if(utf8, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// In columns of the longest, as `ls` does.
std::string table(const std::vector<std::string>& choices, std::size_t width) {
  std::size_t longest = 0;
  for (const std::string& choice : choices) longest = std::max(longest, choice.size());
  const std::size_t per_row = std::max<std::size_t>(1, width / (longest + 2));
  std::string out;
  for (std::size_t n = 0; n < choices.size(); ++n) {
    const bool last = n + 1 == choices.size() || (n + 1) % per_row == 0;
    out += choices[n] + (last ? "\n" : std::string(longest + 2 - choices[n].size(), ' '));
  }
  return out;
}

}  // namespace

LineEditor::LineEditor(Host host)
    : host_(std::move(host)),
      editor_((use_locale(), el_init("phx", stdin, stdout, stderr)), el_end),
      history_(history_init(), history_end) {
  if (editor_ == nullptr || history_ == nullptr) throw std::system_error(errno, std::generic_category(), "cannot use the terminal");
  editline* editor = editor_.get();
  HistEvent event;
  history(history_.get(), &event, H_SETSIZE, 1000);
  history(history_.get(), &event, H_SETUNIQUE, 1);
  el_set(editor, EL_CLIENTDATA, this);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_SIGNAL, 0);
  el_set(editor, EL_HIST, history, history_.get());
  el_set(
      editor, EL_PROMPT, +[](editline* e) { return of(e).prompt(); });
  el_set(
      editor, EL_GETCFN, +[](editline* e, wchar_t* out) { return of(e).read_character(out); });
  el_set(
      editor, EL_ADDFN, "phx-complete", "complete the word", +[](editline* e, int) { return of(e).on_tab(); });
  el_set(editor, EL_BIND, "^I", "phx-complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editor, nullptr);  // the user's .editrc
  el_set(editor, EL_BIND, "^C", "em-kill-line", nullptr);
}

LineEditor::~LineEditor() = default;

LineEditor& LineEditor::of(editline* editor) {
  void* self = nullptr;
  el_get(editor, EL_CLIENTDATA, &self);
  return *static_cast<LineEditor*>(self);
}

char* LineEditor::prompt() {
  prompt_ = host_.prompt();
  return prompt_.data();
}

std::optional<std::string> LineEditor::read_line() {
  int count = 0;
  editing_ = true;
  hidden_ = false;
  el_set(editor_.get(), EL_PREP_TERM, 1);  // before the prompt: what is typed as soon as it stands there is not echoed twice
  const char* line = el_gets(editor_.get(), &count);
  editing_ = false;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (line == nullptr || count <= 0) return std::nullopt;
  std::string out(line, static_cast<std::size_t>(count));
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  return out;
}

void LineEditor::remember(const std::string& line) {
  HistEvent event;
  history(history_.get(), &event, H_ENTER, line.c_str());
}

// ---- the screen ----

void LineEditor::hide() {
  if (!editing_ || hidden_) return;
  const LineInfo* line = el_line(editor_.get());
  const std::string before = prompt_ + std::string(line->buffer, line->cursor);
  const std::size_t up = rows_above(before, terminal_columns());
  put("\r" + (up > 0 ? "\033[" + std::to_string(up) + 'A' : "") + "\033[J");
  hidden_ = true;
}

void LineEditor::show() {
  if (!hidden_ || !editing_) return;
  hidden_ = false;
  el_set(editor_.get(), EL_REFRESH);
  std::fflush(stdout);
}

void LineEditor::resized() {
  hide();
  el_resize(editor_.get());
  show();
}

void LineEditor::suspended() {
  if (!editing_) return;
  put("\n");
  el_set(editor_.get(), EL_PREP_TERM, 0);
}

/// Whatever stands in the row of the cursor makes room; what stands above is the shell's by now.
void LineEditor::resumed() {
  if (!editing_) return;
  el_set(editor_.get(), EL_PREP_TERM, 0);  // after SIGSTOP nobody has done so
  el_set(editor_.get(), EL_PREP_TERM, 1);
  put("\r\033[J");
  hidden_ = true;
  show();
}

// ---- keys; called by libedit ----

/// 1 with a character, 0 at the end, -1 with an error.
int LineEditor::read_character(wchar_t* out) {
  std::mbstate_t state{};
  while (true) {
    if (!wait_for_input(out)) return 0;
    if (*out == control_c) return 1;
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return static_cast<int>(count);
    const std::size_t size = std::mbrtowc(out, &byte, 1, &state);
    if (size == static_cast<std::size_t>(-2)) continue;  // not whole yet
    if (size == static_cast<std::size_t>(-1)) {
      state = {};
      continue;  // no character: as if it had not been typed
    }
    if (size == 0) *out = L'\0';
    return 1;
  }
}

/// False: the end. `out` becomes Ctrl-C when that was what happened, else nothing.
bool LineEditor::wait_for_input(wchar_t* out) {
  *out = 0;
  try {
    show();
    switch (host_.wait()) {
      case Woken::input: break;
      case Woken::interrupt:  // the line stays where it is; a new one begins, which the key then empties
        show();
        put("^C\n");
        hidden_ = true;
        *out = control_c;
        break;
      case Woken::end: hide(); return false;
    }
    show();
    return true;
  } catch (...) {
    thrown_ = std::current_exception();
    hide();
    return false;
  }
}

unsigned char LineEditor::on_tab() {
  const LineInfo* line = el_line(editor_.get());
  const Completion completion = host_.complete(std::string_view(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)));
  if (completion.becomes != completion.typed) {
    el_deletestr(editor_.get(), characters(completion.typed));
    if (el_insertstr(editor_.get(), completion.becomes.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
  }
  if (completion.choices.empty()) return CC_REFRESH_BEEP;
  hide();
  put(table(completion.choices, terminal_columns()));
  return CC_NORM;
}

std::size_t rows_above(std::string_view text, std::size_t columns) {
  std::mbstate_t state{};
  std::size_t column = 0, rows = 0;
  while (!text.empty()) {
    wchar_t character = 0;
    const std::size_t size = std::mbrtowc(&character, text.data(), text.size(), &state);
    const bool whole = size != 0 && size <= text.size();
    if (!whole) state = {};
    const int cells = whole ? ::wcwidth(character) : 2;
    const auto width = static_cast<std::size_t>(cells < 0 ? 2 : cells);  // control characters are shown as ^X
    if (column + width > columns) column = 0, ++rows;
    column += width;
    text.remove_prefix(whole ? size : 1);
  }
  return column == columns ? rows + 1 : rows;
}

}  // namespace phx::cli::shell

#pragma once

#include <cstddef>
#include <string>

#include <phx/load/panel.hpp>

namespace phx::load {

/// The run on stderr: a panel redrawn in place on a terminal, else a line per second. NO_COLOR, TERM=dumb and the width are honoured.
class Live {
 public:
  /// plain: lines also on a terminal.
  explicit Live(bool plain);
  ~Live();  ///< the panel goes: the result takes its place
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void show(const PanelFigures& figures);
  /// A line that stays.
  void say(const std::string& line);

 private:
  void erase();

  PanelLook look_;
  bool panel_;
  std::size_t drawn_ = 0;  // lines that stand there
};

}  // namespace phx::load

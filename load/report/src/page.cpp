#include "page.hpp"

#include <phx/core/json.hpp>
#include <phx/load/figure_text.hpp>
#include <phx/scenario/mask.hpp>

#include <cmath>

namespace phx::load::report {
namespace {

// One palette for both schemes; charts use only these.
constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1b1c1e;--soft:#5d6168;--line:#e3e3df;--s1:#2a78d6;--s2:#d9602a;--s3:#178a63;--s4:#8456cf;--good:#15803d;--bad:#c62828}
@media(prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1d2024;--ink:#e8e9eb;--soft:#a0a6af;--line:#32363c;--s1:#5b9ff2;--s2:#f2905c;--s3:#3fc79a;--s4:#b391f0;--good:#4ade80;--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px 20px 48px}
h1{font-size:24px;margin:0;overflow-wrap:anywhere}h2{font-size:17px;margin:32px 0 10px}
.sub{color:var(--soft);margin:4px 0 16px;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px;min-width:0}
.tile b{display:block;font-size:22px;font-weight:600;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:12px;display:block}
.tile.bad b,.fail{color:var(--bad)}.pass{color:var(--good)}.fail,.pass{font-weight:600}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:14px}
.card h3{font-size:14px;margin:0}.note{color:var(--soft);font-size:12px;margin:0 0 6px}
.say{border-left:4px solid var(--bad);background:var(--card);padding:8px 12px;margin:0 0 8px;border-radius:4px;overflow-wrap:anywhere}.say.ok{border-color:var(--good)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}th{color:var(--soft);font-weight:500;font-size:12px}
th:first-child,td:first-child,.l{text-align:left}tr:last-child td{border-bottom:0}td code,.wide{white-space:normal;overflow-wrap:anywhere}
.key{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12px;color:var(--soft);margin:2px 0 4px}.key i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:5px;vertical-align:middle;background:currentColor}
.key i.d{background:repeating-linear-gradient(90deg,currentColor 0 4px,transparent 4px 6px)}.c1{color:var(--s1)}.c2{color:var(--s2)}.c3{color:var(--s3)}.c4{color:var(--s4)}
svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}.g{stroke:var(--line);fill:none}.e{text-anchor:end}.m{text-anchor:middle}
.p{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}.p.d{stroke-dasharray:4 3}.dot{fill:currentColor}.o{fill:transparent}.o:hover{fill:var(--soft);fill-opacity:.16}
.h{fill:var(--s1)}.bar{display:inline-block;height:8px;border-radius:3px;background:var(--s1);vertical-align:middle;margin-right:8px}.bar.bad{background:var(--bad)}
details{margin:8px 0}summary{cursor:pointer}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;margin:8px 0 0}
footer{color:var(--soft);font-size:12px;margin-top:32px}@media print{.card,.tile{break-inside:avoid}}
)css";

}  // namespace

std::string count_text(double n) {
  if (n != std::floor(n) && std::fabs(n) < 100) return format(std::fabs(n) < 10 ? "%.2f" : "%.1f", n);
  std::string out = format("%.0f", n);
  const std::size_t first = out.starts_with('-') ? 1 : 0;
  for (std::size_t i = out.size(); i > first + 3; i -= 3) out.insert(i - 3, ",");
  return out;
}

std::string bytes_text(double n) {
  if (n < 1024) return format("%.0f bytes", n);
  if (n < 1024 * 1024) return format("%.1f KB", n / 1024);
  return n < 1024.0 * 1024 * 1024 ? format("%.1f MB", n / 1024 / 1024) : format("%.2f GB", n / 1024 / 1024 / 1024);
}

std::string change_text(double share) { return format("%+.1f %%", share * 100); }

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "… (" + std::to_string(text.size() - end) + " bytes more)";
}

std::string safe(std::string_view text, std::size_t most) { return escaped(shortened(text, most)); }

std::string page(std::string_view title, std::string_view body_html) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">";
  out += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">";
  out += "<link rel=\"icon\" href=\"data:,\"><title>" + safe(title) + "</title>\n<style>" + std::string(style) +
         "</style></head>\n<body><main>\n";
  out += body_html;
  return out + "</main></body></html>\n";
}

std::string section(std::string_view title, std::string_view html) {
  return "<section><h2>" + safe(title) + "</h2>\n" + std::string(html) + "</section>\n";
}

std::string figure(std::string_view title, std::string_view note, std::string_view html) {
  return "<div class=\"card\"><h3>" + safe(title) + "</h3><p class=\"note\">" + safe(note) + "</p>" + std::string(html) + "</div>\n";
}

std::string tile(std::string_view value, std::string_view label, std::string_view note, bool bad) {
  return std::string("<div class=\"tile") + (bad ? " bad" : "") + "\"><span>" + safe(label) + "</span><b>" + safe(value) + "</b><span>" +
         safe(note) + "</span></div>\n";
}

std::string json_details(std::string_view title, const Json& json, std::size_t most) {
  const Json masked = Json::parse(scenario::mask_text(json.dump()), nullptr, false);
  const std::string text = masked.is_discarded() ? std::string(scenario::masked_text) : masked.dump(2);
  return "<details class=\"card\"><summary>" + safe(title) + "</summary><pre>" + safe(text, most) + "</pre></details>\n";
}

}  // namespace phx::load::report

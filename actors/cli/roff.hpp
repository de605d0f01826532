// The little of roff's man(7) macros that our pages need.
#pragma once

#include <string>

namespace pusher::cli {

/// Text as roff takes it for what it is.
inline std::string roff_text(const std::string& text) {
  std::string made;
  for (char each : text) {
    bool starts_line = made.empty() || made.back() == '\n';
    if (starts_line && (each == '.' || each == '\'')) made += "\\&";
    if (each == '\\')
      made += "\\e";
    else if (each == '-')
      made += "\\-";
    else
      made += each;
  }
  return made;
}

inline std::string roff_heading(const std::string& text) {
  return ".SH " + roff_text(text) + "\n";
}

/// A term in bold with what it takes in italics, and its text indented below.
inline std::string roff_entry(const std::string& term, const std::string& takes, const std::string& text) {
  return ".TP\n.B " + roff_text(term) + (takes.empty() ? "" : "\\fR \\fI" + roff_text(takes)) + "\n" +
         roff_text(text) + "\n";
}

/// Lines that stay as they are.
inline std::string roff_verbatim(const std::string& text) {
  return ".PP\n.nf\n" + roff_text(text) + "\n.fi\n";
}

}  // namespace pusher::cli

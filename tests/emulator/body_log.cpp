#include "tests/emulator/body_log.hpp"

#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

void body_log::add(std::string_view gateway, const request& asked, std::string_view body, int status) {
  auto line = "{\"gateway\":" + quoted(gateway) + ",\"path\":" + quoted(asked.path) +
              ",\"status\":" + std::to_string(status) + ",\"body\":" + quoted(body) + ",\"headers\":{";
  const char* comma = "";
  for (const auto& each : asked.headers) {
    line += comma + quoted(each.name) + ":" + quoted(each.value);
    comma = ",";
  }
  line += "}}\n";
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fflush(file_.get());
}

}  // namespace pusher::emulator

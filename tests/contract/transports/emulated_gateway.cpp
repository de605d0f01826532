#include "tests/contract/transports/emulated_gateway.hpp"

#include <csignal>
#include <cstdlib>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <curl/curl.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/json.hpp"
#include "transports/origin.hpp"

namespace pusher::testing {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string emulator_binary() {
  const char* directory = std::getenv("PUSHER_BUILD_DIR");
  std::string path = std::string(directory != nullptr ? directory : ".") + "/gateway-emulator";
  REQUIRE_MESSAGE(
      access(path.c_str(), X_OK) == 0,
      "these tests need the gateway emulator: build the target gateway-emulator and run them with "
      "PUSHER_BUILD_DIR naming the build directory (ctest does)");
  return path;
}

pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  int failure = posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  REQUIRE(failure == 0);
  return process;
}

}  // namespace

bool await(const std::function<bool()>& holds, std::chrono::milliseconds at_most) {
  auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

emulated_gateway::emulated_gateway(std::vector<std::string> flags) : flags_(std::move(flags)) {
  auto form = (std::filesystem::temp_directory_path() / "pusher-gateway-XXXXXX").string();
  REQUIRE(mkdtemp(form.data()) != nullptr);
  directory_ = form;
  start();
}

emulated_gateway::~emulated_gateway() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void emulated_gateway::start() {
  std::string ready = directory_ + "/ready.json";
  std::filesystem::remove(ready);
  std::vector<std::string> words{emulator_binary(), "--listen",         listen_, "--directory", directory_,
                                 "--log",           directory_ + "/log"};
  words.insert(words.end(), flags_.begin(), flags_.end());
  process_ = spawn(std::move(words));
  REQUIRE_MESSAGE(
      await([&] { return access(ready.c_str(), R_OK) == 0 && json::parse(read_file(ready)).ok(); }),
      "the gateway emulator did not come up");
  auto facts = json::parse(read_file(ready));
  for (auto& each : facts->GetObject())
    if (each.value.IsString()) facts_[each.name.GetString()] = each.value.GetString();
  settings_.service_account_file = (*facts)["service_account_file"].GetString();
  settings_.base_url = (*facts)["base_url"].GetString();
  settings_.ca_file = (*facts)["ca_file"].GetString();
  settings_.messages_per_minute = 0;
  settings_.ramp_seconds = 0;
  listen_ = "127.0.0.1:" + std::to_string(parse_origin(settings_.base_url)->port);
}

void emulated_gateway::stop() {
  if (process_ < 0) return;
  kill(process_, SIGTERM);
  kill(process_, SIGCONT);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void emulated_gateway::freeze() const {
  kill(process_, SIGSTOP);
}

void emulated_gateway::thaw() const {
  kill(process_, SIGCONT);
}

void emulated_gateway::start_again() {
  start();
}

void emulated_gateway::control(const std::string& json) const {
  call("/_control", &json);
}

uint64_t emulated_gateway::statistic(const char* name) const {
  auto page = json::parse(call("/_stats", nullptr));
  REQUIRE(page.ok());
  return (*page)[name].GetUint64();
}

std::string emulated_gateway::call(const std::string& path, const std::string* posted) const {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> call(curl_easy_init(), curl_easy_cleanup);
  std::string answer;
  auto sink = +[](char* bytes, size_t size, size_t count, void* into) {
    static_cast<std::string*>(into)->append(bytes, size * count);
    return size * count;
  };
  curl_easy_setopt(call.get(), CURLOPT_URL, (settings_.base_url + path).c_str());
  curl_easy_setopt(call.get(), CURLOPT_CAINFO, settings_.ca_file.c_str());
  curl_easy_setopt(call.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(call.get(), CURLOPT_TIMEOUT_MS, 10'000L);
  curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, sink);
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &answer);
  if (posted != nullptr) curl_easy_setopt(call.get(), CURLOPT_COPYPOSTFIELDS, posted->c_str());
  CURLcode outcome = curl_easy_perform(call.get());
  long status = 0;
  curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &status);
  REQUIRE(outcome == CURLE_OK);
  REQUIRE(status / 100 == 2);
  return answer;
}

std::vector<emulated_gateway::arrival> emulated_gateway::arrivals() const {
  std::vector<arrival> found;
  std::istringstream lines(read_file(directory_ + "/log"));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string time, status, correlation;
    arrival each;
    std::getline(fields, time, '\t');
    std::getline(fields, status, '\t');
    std::getline(fields, each.token, '\t');
    std::getline(fields, correlation, '\t');
    std::getline(fields, each.code, '\t');
    std::getline(fields, each.connection, '\t');
    each.status = std::atoi(status.c_str());
    found.push_back(std::move(each));
  }
  return found;
}

std::map<std::string, int> emulated_gateway::accepted() const {
  std::map<std::string, int> counts;
  for (auto& each : arrivals())
    if (each.status / 100 == 2 && each.code == "-") ++counts[each.token];
  return counts;
}

}  // namespace pusher::testing
